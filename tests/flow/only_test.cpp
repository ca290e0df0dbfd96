#include "gateway/flow/only.h"

#include <gtest/gtest.h>

namespace sluice::flow {
namespace {

TEST(Only, StarMatchesSlashesToo) {
  EXPECT_TRUE(matches("tasmota/*", "tasmota/kitchen"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", "zigbee2mqtt/floor/1"));
  EXPECT_TRUE(matches("z*/1", "zigbee2mqtt/floor/1"));
  EXPECT_TRUE(matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(matches("tasmota/*", "zigbee2mqtt/kitchen"));
  EXPECT_FALSE(matches("a*b", "abc"));
  EXPECT_FALSE(matches("", "a"));
}

TEST(Only, AnEmptyListWantsAll) {
  Record record;
  record.device = "tasmota/kitchen";
  record.schema = "tasmota/sensor";
  record.kind = RecordKind::reading;
  EXPECT_TRUE(Only{}.wants(record));
  EXPECT_TRUE((Only{{"tasmota/*"}, {"tasmota/sensor"}, {RecordKind::reading}}.wants(record)));
  EXPECT_FALSE((Only{{"x/*"}, {}, {}}.wants(record)));
  EXPECT_FALSE((Only{{}, {"tasmota/state"}, {}}.wants(record)));
  EXPECT_FALSE((Only{{}, {}, {RecordKind::presence}}.wants(record)));
}

}  // namespace
}  // namespace sluice::flow
