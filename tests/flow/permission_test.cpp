// Who may command whom.
#include "gateway/flow/permission.h"

#include <gtest/gtest.h>

namespace sluice::flow {
namespace {

const Permission& permission() {
  static const Permission made({
      {{"azure", "api"}, "tasmota/*", {"power", "dimmer"}, {}},
      {{"api"}, "*", {"*"}, {}},
      {{"azure"}, "mqtt/broker", {"publish"}, {"home/+/set", "lamp/#"}},
      {{"api"}, "tasmota/kitchen", {"console"}, {}},
      {{"narrow"}, "tasmota/*", {"power"}, {"cmnd/kitchen/#"}},
  });
  return made;
}

normalize::PreparedCommand prepared(const std::string& topic, bool explicit_only = false, bool any_topic = false) {
  normalize::PreparedCommand command;
  command.publish.topic = topic;
  command.explicit_only = explicit_only;
  command.any_topic = any_topic;
  return command;
}

TEST(Permission, NothingIsAllowedThatIsNotListed) {
  EXPECT_FALSE(Permission({}).may("api", "tasmota/kitchen", "power"));
  EXPECT_TRUE(permission().may("azure", "tasmota/kitchen", "power"));
  EXPECT_FALSE(permission().may("azure", "tasmota/kitchen", "status"));
  EXPECT_FALSE(permission().may("azure", "zigbee2mqtt/kitchen", "power"));
  EXPECT_FALSE(permission().may("hooks", "tasmota/kitchen", "power"));
  EXPECT_FALSE(permission().may("", "tasmota/kitchen", "power"));
  EXPECT_FALSE(permission().may("*", "tasmota/kitchen", "power"));
}

TEST(Permission, AStarIsAnyText) {
  EXPECT_TRUE(permission().may("azure", "tasmota/upstairs/bath", "power"));
  EXPECT_FALSE(permission().may("azure", "tasmota", "power"));
  EXPECT_TRUE(permission().may("api", "zigbee2mqtt/kitchen", "set"));
}

TEST(Permission, WhatWantsToBeNamedIsNotNamedByAStar) {
  EXPECT_FALSE(permission().may("api", "tasmota/bath", "console", prepared("cmnd/bath/x", true)));
  EXPECT_TRUE(permission().may("api", "tasmota/kitchen", "console", prepared("cmnd/kitchen/x", true)));
  EXPECT_TRUE(permission().may("api", "tasmota/bath", "status", prepared("cmnd/bath/Status")));
}

TEST(Permission, AnyTopicMustBeCoveredByTopics) {
  EXPECT_TRUE(permission().may("azure", "mqtt/broker", "publish", prepared("home/x/set", true, true)));
  EXPECT_TRUE(permission().may("azure", "mqtt/broker", "publish", prepared("lamp/a/b", true, true)));
  EXPECT_FALSE(permission().may("azure", "mqtt/broker", "publish", prepared("home/x/y/set", true, true)));
  EXPECT_FALSE(permission().may("api", "mqtt/broker", "publish", prepared("home/x/set", false, true)));
}

TEST(Permission, TopicsNarrowEveryCommand) {
  EXPECT_TRUE(permission().may("narrow", "tasmota/kitchen", "power", prepared("cmnd/kitchen/POWER")));
  EXPECT_FALSE(permission().may("narrow", "tasmota/bath", "power", prepared("cmnd/bath/POWER")));
}

TEST(Permission, OnlyAnEntryWithoutAStarNamesADevice) {
  EXPECT_TRUE(permission().names("tasmota/kitchen"));
  EXPECT_TRUE(permission().names("mqtt/broker"));
  EXPECT_FALSE(permission().names("tasmota/bath"));
  EXPECT_FALSE(permission().names("tasmota/*"));
  EXPECT_FALSE(permission().names("*"));
}

TEST(Permission, KnowsWhichCommandsOfAFamilyAnybodyMaySend) {
  const Permission some({{{"azure"}, "tasmota/*", {"power"}, {}}, {{"azure"}, "*/lamp", {"set"}, {}}});
  EXPECT_TRUE(some.reaches("tasmota", "power"));
  EXPECT_FALSE(some.reaches("tasmota", "dimmer"));
  EXPECT_FALSE(some.reaches("zigbee2mqtt", "power"));
  EXPECT_TRUE(some.reaches("zigbee2mqtt", "set"));
  EXPECT_TRUE(permission().reaches("zigbee2mqtt", "set"));
  EXPECT_FALSE(Permission({{{"azure"}, "tasmota2/x", {"power"}, {}}}).reaches("tasmota", "power"));
}

}  // namespace
}  // namespace sluice::flow
