#include <gtest/gtest.h>

#include "connectors/mqtt/address.h"

namespace sluice::mqtt {
namespace {

void expect(const std::string& url, const std::string& host, int port, bool tls) {
  const Result<Address> address = parse_address(url);
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_EQ(address->host, host) << url;
  EXPECT_EQ(address->port, port) << url;
  EXPECT_EQ(address->tls, tls) << url;
}

TEST(Address, KnowsBothSchemesAndTheirPorts) {
  expect("mqtt://localhost", "localhost", 1883, false);
  expect("mqtts://broker.example", "broker.example", 8883, true);
  expect("mqtt://192.168.1.5:11883", "192.168.1.5", 11883, false);
  expect("mqtt://[::1]", "::1", 1883, false);
  expect("mqtts://[fe80::1%eth0]:9", "fe80::1%eth0", 9, true);
}

TEST(Address, RefusesWhatIsNotOne) {
  for (const char* url : {"", "localhost", "http://localhost", "mqtt://", "mqtt://:1883", "mqtt://a:0",
                          "mqtt://a:65536", "mqtt://a:", "mqtt://a:1x", "mqtt://a:1883/", "mqtt://a?x", "mqtt://[::1",
                          "mqtt://[::1]1883", "mqtt://a b", "mqtt://[]"}) {
    const Result<Address> address = parse_address(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().kind, ErrorKind::config);
  }
}

TEST(Address, NeverRepeatsALogin) {
  const Result<Address> address = parse_address("mqtt://user:secret@host");
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().message.find("secret"), std::string::npos);
  EXPECT_NE(address.error().message.find("username and password"), std::string::npos);
}

}  // namespace
}  // namespace sluice::mqtt
