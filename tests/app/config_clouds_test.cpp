#include <chrono>

#include <gtest/gtest.h>

#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

TEST(ConfigClouds, webhook_gets_every_default) {
  const auto config = read(with_cloud(""));
  ASSERT_TRUE(config);
  ASSERT_EQ(config->clouds.size(), 1u);
  const Cloud& cloud = config->clouds[0];
  EXPECT_EQ(cloud.name, "hooks");
  EXPECT_EQ(cloud.batch_count_max, 500u);
  EXPECT_EQ(cloud.batch_wait_max, 0ms);
  EXPECT_TRUE(cloud.only.devices.empty() && cloud.only.schemas.empty() && cloud.only.kinds.empty());
  EXPECT_EQ(webhook_of(cloud).name, "hooks");
  EXPECT_EQ(webhook_of(cloud).source, "/sluice/home-pi");
  EXPECT_EQ(webhook_of(cloud).url.host, "example.org");
  EXPECT_EQ(webhook_of(cloud).url.target, "/in");
  EXPECT_EQ(webhook_of(cloud).format, webhook::Format::cloudevents_batch);
  EXPECT_EQ(webhook_of(cloud).batch_bytes_max, 256u << 10);
  EXPECT_FALSE(webhook_of(cloud).gzip);
  EXPECT_EQ(webhook_of(cloud).timeout, 30s);
  EXPECT_TRUE(webhook_of(cloud).headers.empty());
  EXPECT_TRUE(webhook_of(cloud).bearer.empty() && webhook_of(cloud).username.empty() &&
              webhook_of(cloud).signing_secret.empty());
}

TEST(ConfigClouds, every_value_reaches_its_place) {
  const stage::TempFolder folder;
  for (const char* name : {"ca.pem", "cert.pem", "key.pem"}) write_file(folder / name, "x");
  const auto config = read(with_cloud(R"(    format: ndjson
    batch: { count_max: 10, bytes_max: 64KiB, wait_max: 2s }
    compression: gzip
    headers: { X-Site: plant 7, x-empty: "" }
    auth: { username: ada, password: "pass word" }
    signing_secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    timeout: 10s
    tls: { ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem }
    uplink:
      only: { devices: [tasmota/*], schemas: [tasmota/sensor], kinds: [reading, presence] }
  - name: second
    type: webhook
    url: http://127.0.0.1:9000/
    auth: { bearer: abc }
)"),
                           folder / "sluice.yaml");
  ASSERT_TRUE(config);
  ASSERT_EQ(config->clouds.size(), 2u);
  const Cloud& cloud = config->clouds[0];
  EXPECT_EQ(webhook_of(cloud).format, webhook::Format::ndjson);
  EXPECT_EQ(cloud.batch_count_max, 10u);
  EXPECT_EQ(webhook_of(cloud).batch_bytes_max, 64u << 10);
  EXPECT_EQ(cloud.batch_wait_max, 2s);
  EXPECT_TRUE(webhook_of(cloud).gzip);
  EXPECT_EQ(webhook_of(cloud).headers,
            (std::vector<std::pair<std::string, std::string>>{{"X-Site", "plant 7"}, {"x-empty", ""}}));
  EXPECT_EQ(webhook_of(cloud).username, "ada");
  EXPECT_EQ(webhook_of(cloud).password, "pass word");
  EXPECT_EQ(webhook_of(cloud).signing_secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  EXPECT_EQ(webhook_of(cloud).timeout, 10s);
  EXPECT_EQ(webhook_of(cloud).tls.ca_file, folder / "ca.pem");
  EXPECT_EQ(webhook_of(cloud).tls.key_file, folder / "key.pem");
  EXPECT_EQ(cloud.only.devices, std::vector<std::string>{"tasmota/*"});
  EXPECT_EQ(cloud.only.schemas, std::vector<std::string>{"tasmota/sensor"});
  EXPECT_EQ(cloud.only.kinds, (std::vector<RecordKind>{RecordKind::reading, RecordKind::presence}));
  EXPECT_EQ(config->clouds[1].name, "second");
  EXPECT_EQ(webhook_of(config->clouds[1]).bearer, "abc");
  EXPECT_FALSE(webhook_of(config->clouds[1]).url.tls);
}

TEST(ConfigClouds, plain_http_goes_to_loopback_or_where_it_is_allowed) {
  EXPECT_EQ(complaints(with_cloud("", "http://localhost:9000/in")), "");
  EXPECT_EQ(complaints(with_cloud("", "\"http://[::1]:9000/in\"")), "");
  EXPECT_EQ(complaints(with_cloud("    allow_plain: true\n", "http://192.168.1.5/in")), "");
  const std::string refused =
      "sluice.yaml:6:10: clouds[].url: http:// to another machine can be read and changed on the way; write https://, "
      "or allow_plain: true beside it\n";
  EXPECT_EQ(complaints(with_cloud("", "http://192.168.1.5/in")), refused);
  EXPECT_EQ(complaints(with_cloud("    allow_plain: false\n", "http://localhost.example.org/in")), refused);
}

TEST(ConfigClouds, names_are_unique) {
  EXPECT_EQ(complaints(with_cloud("  - { name: hooks, type: webhook, url: https://example.org }\n")),
            "sluice.yaml:7:13: clouds[].name: another cloud has this name already\n");
}

TEST(ConfigClouds, unknown_type_is_the_one_complaint_about_its_cloud) {
  EXPECT_EQ(
      complaints(least + "clouds:\n  - { name: hive, type: mqt, url: mqtts://h, protocol: 5, username: u }\n"),
      "sluice.yaml:4:25: clouds[].type: 'mqt' is not known; there are webhook, mqtt and azure_iot_hub (did you mean "
      "'mqtt'?)\n");
}

TEST(ConfigClouds, missing_keys_are_named) {
  EXPECT_EQ(complaints(least + "clouds:\n  - type: webhook\n"),
            "sluice.yaml:4:5: clouds[].name is missing; give the cloud a name; it keeps its place in the buffer by it\n"
            "sluice.yaml:4:5: clouds[].url is missing; write the address that takes the events: https://host/path\n");
  EXPECT_EQ(complaints(least + "clouds:\n  - name: a\n"),
            "sluice.yaml:4:5: clouds[].type is missing; there are webhook, mqtt and azure_iot_hub\n");
}

/// Keys of a cloud, and the complaint about them.
struct Wrong {
  std::string keys, complaint;
};
void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << wrong.keys;
}

class WrongCloud : public testing::TestWithParam<Wrong> {};

TEST_P(WrongCloud, is_told_with_its_place) {
  EXPECT_EQ(complaints(with_cloud("    " + GetParam().keys + "\n")), "sluice.yaml:7:" + GetParam().complaint + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    ConfigClouds, WrongCloud,
    testing::Values(
        Wrong{"uplink: { thin: {} }",
              "21: clouds[].uplink.thin: says nothing; write every: 60s, on_change: true, or both"},
        Wrong{"uplink: { thin: { every: 100ms } }",
              "30: clouds[].uplink.thin.every: must be at least 1s and at most 1d"},
        Wrong{"uplink: { pack: 1MiB }", "21: clouds[].uplink.pack: must be at least 1KiB and at most 256KiB"},
        Wrong{"uplink: { topic: a }", "15: unknown key 'topic'"},
        Wrong{"format: json",
              "13: clouds[].format: 'json' is not known here; write cloudevents_batch, cloudevents or ndjson "
              "(did you mean 'ndjson'?)"},
        Wrong{"compression: true", "18: clouds[].compression: 'true' is not known here; write none or gzip"},
        Wrong{"allow_plain: yes", "18: clouds[].allow_plain: 'yes' is neither true nor false"},
        Wrong{"batch: { count_max: 0 }", "25: clouds[].batch.count_max: must be at least 1 and at most 10000"},
        Wrong{"batch: { bytes_max: 1GiB }", "25: clouds[].batch.bytes_max: must be at least 1KiB and at most 16MiB"},
        Wrong{"timeout: 1h", "14: clouds[].timeout: must be at least 1s and at most 10m"},
        Wrong{"headers: { 'x y': a }",
              "16: clouds[].headers: x y: not a header's name (letters, digits and - without spaces)"},
        Wrong{"headers: { x: \"a\\r\\nHost: b\" }",
              "16: clouds[].headers: x: a header's value is one line without control characters and without spaces "
              "round it"},
        Wrong{"headers: { Content-Type: a }", "16: clouds[].headers: Content-Type: Sluice sets this header itself"},
        Wrong{"headers: { X-A: 1, x-a: 2 }",
              "24: clouds[].headers: x-a: stands here a second time (upper and lower case are the same)"},
        Wrong{"headers: [a]", "14: clouds[].headers: is a list; write { name: value }"},
        Wrong{"auth: { username: a }", "23: clouds[].auth.username: username and password go together"},
        Wrong{"auth: { password: a }", "23: clouds[].auth.password: username and password go together"},
        Wrong{"auth: { bearer: a, username: b, password: c }",
              "21: clouds[].auth.bearer: stands beside username or password; write one or the other"},
        Wrong{"auth: { bearer: Bearer abc }",
              "21: clouds[].auth.bearer: holds a space; write the token alone, without 'Bearer'"},
        Wrong{"auth: { username: 'a:b', password: c }", "23: clouds[].auth.username: must not hold a ':'"},
        Wrong{"tls: { cert_file: /dev/null }", "23: clouds[].tls.cert_file: cert_file and key_file go together"},
        Wrong{"tls: { server_name: a }", "12: unknown key 'server_name'"},
        Wrong{"uplink: { only: { kinds: [readings] } }",
              "31: clouds[].uplink.only.kinds: 'readings' is not a kind; there are reading, occurrence, presence, "
              "outcome, "
              "raw and notice (did you mean 'reading'?)"},
        Wrong{"uplink: { only: { devices: [] } }",
              "32: clouds[].uplink.only.devices: is an empty list and would let nothing through; take it away to let "
              "everything through"}));

class WrongName : public testing::TestWithParam<std::string> {};

TEST_P(WrongName, is_refused) {
  const std::string said = complaints(least + "clouds: [{ name: " + GetParam() + ", type: webhook, url: https://a }]");
  EXPECT_TRUE(said.starts_with("sluice.yaml:3:18: clouds[].name: ")) << said;
}

INSTANTIATE_TEST_SUITE_P(ConfigClouds, WrongName,
                         testing::Values("Hooks", "a.b", "api", "a/b", std::string(65, 'a'), "''"));

TEST(ConfigClouds, tls_options_need_an_address_that_speaks_tls) {
  EXPECT_EQ(complaints(with_cloud("    tls: { ca_file: /dev/null }\n", "http://localhost/")),
            "sluice.yaml:7:10: clouds[].tls: has no effect: the address does not speak TLS\n");
}

TEST(ConfigClouds, authorization_is_given_once) {
  EXPECT_EQ(complaints(with_cloud("    auth: { bearer: a }\n    headers: { authorization: b }\n")),
            "sluice.yaml:7:11: clouds[].auth: stands beside a header Authorization; write one or the other\n");
}

}  // namespace
}  // namespace sluice::app
