#include "connectors/mqtt/publish_packet.h"

#include <gtest/gtest.h>
#include <mqtt_protocol.h>

namespace sluice::mqtt {
namespace {

TEST(PublishPacket, IsCountedAsItStandsOnTheWire) {
  const PropertyList none;
  EXPECT_EQ(publish_bytes(4, 1, 0, 0, none), 2u + 2 + 1);
  EXPECT_EQ(publish_bytes(4, 1, 0, 1, none), 2u + 2 + 1 + 2) << "a packet id";
  EXPECT_EQ(publish_bytes(5, 1, 0, 1, none), 2u + 2 + 1 + 2 + 1) << "the properties' length";
  EXPECT_EQ(publish_bytes(4, 1, 122, 1, none), 2u + 127);
  EXPECT_EQ(publish_bytes(4, 1, 123, 1, none), 3u + 128) << "its own length takes another byte";
}

TEST(PublishPacket, CountsEachKindOfProperty) {
  PropertyList list;
  EXPECT_TRUE(list.byte(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, 1));
  EXPECT_EQ(list.bytes(), 2u);
  EXPECT_TRUE(list.number(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, 1));
  EXPECT_EQ(list.bytes(), 2u + 5);
  EXPECT_TRUE(list.text(MQTT_PROP_CONTENT_TYPE, "abc"));
  EXPECT_EQ(list.bytes(), 7u + 6);
  EXPECT_TRUE(list.binary(MQTT_PROP_CORRELATION_DATA, std::string_view("\0\1", 2)));
  EXPECT_EQ(list.bytes(), 13u + 5);
  EXPECT_TRUE(list.user("name", "value"));
  EXPECT_EQ(list.bytes(), 18u + 5 + 9);
}

TEST(PublishPacket, WhatMqttCannotCarryIsNotCounted) {
  PropertyList list;
  EXPECT_FALSE(list.text(MQTT_PROP_CONTENT_TYPE, std::string(70'000, 'x')));
  EXPECT_FALSE(list.binary(MQTT_PROP_CORRELATION_DATA, std::string(70'000, 'x')));
  EXPECT_FALSE(list.user("name", std::string(70'000, 'x')));
  EXPECT_EQ(list.bytes(), 0u);
  EXPECT_EQ(list.get(), nullptr);
}

}  // namespace
}  // namespace sluice::mqtt
