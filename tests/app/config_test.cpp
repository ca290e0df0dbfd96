#include <chrono>

#include <gtest/gtest.h>

#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using testing::Test;

TEST(Config, least_file_gets_every_default) {
  const auto config = read(least);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->gateway_id, "home-pi");
  EXPECT_EQ(config->timezone, "");
  EXPECT_EQ(config->store.data_dir, "/var/lib/sluice");
  EXPECT_EQ(config->store.durability, store::Durability::power_cut);
  EXPECT_EQ(config->store.limits.size_max, std::int64_t{1} << 30);
  EXPECT_EQ(config->store.limits.age_max, std::chrono::days(30));
  EXPECT_EQ(config->store.limits.when_full, store::WhenFull::drop_oldest);
  EXPECT_EQ(config->store.limits.quarantine_size_max, 64 << 20);
  EXPECT_EQ(config->store.limits.quarantine_age_max, std::chrono::days(90));
  EXPECT_EQ(config->local_broker.address.host, "localhost");
  EXPECT_EQ(config->local_broker.address.port, 1883);
  EXPECT_FALSE(config->local_broker.address.tls);
  EXPECT_EQ(config->local_broker.client_id, "sluice-home-pi");
  EXPECT_TRUE(config->subscribe_auto);
  EXPECT_TRUE(config->local_broker.filters.empty());
  EXPECT_FALSE(config->local_broker.ignore_retained);
  EXPECT_EQ(config->local_broker.receive_maximum, 1000);
  EXPECT_EQ(config->local_broker.message_size_max, 1u << 20);
  EXPECT_EQ(config->local_broker.commit_wait, 0ms);
  EXPECT_EQ(config->unmatched, normalize::Unmatched::ignore);
  EXPECT_FALSE(config->schemas.use.has_value());
  EXPECT_TRUE(config->schemas.dirs.empty());
  EXPECT_TRUE(config->clouds.empty());
  EXPECT_EQ(config->api.listen, "127.0.0.1:8420");
  EXPECT_EQ(config->log_level, LogLevel::info);
  EXPECT_EQ(config->log_format, LogFormat::text);
}

TEST(Config, every_value_reaches_its_place) {
  const stage::TempFolder folder;
  std::filesystem::create_directory(folder / "schemas");
  write_file(folder / "ca.pem", "ca");
  write_file(folder / "cert.pem", "cert");
  write_file(folder / "key.pem", "key");
  const auto config = read(R"(
gateway: { id: plant-7, data_dir: data, timezone: Europe/Berlin }
local_broker:
  url: mqtts://broker.lan:9883
  client_id: other
  username: sluice
  password: "0815"
  tls: { ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem, server_name: broker }
  subscribe: ["tele/+/SENSOR", stat/#]
  retained: ignore
  receive_maximum: 65535
  message_size_max: 64KiB
schemas:
  use: [tasmota, { zigbee2mqtt: { base: z2m } }, { home: { topic: ["a/{home}", "b/{home}"] } }]
  dirs: [./schemas]
  unmatched: auto
buffer: { durability: process_crash, commit_wait: 250ms, size_max: 2GiB, age_max: 7d, when_full: hold }
quarantine: { size_max: 1MiB, age_max: 12h }
api: { listen: "[::1]:9000", token: 0123456789abcdef, hosts: [Pi.local, 192.168.1.5] }
log: { level: debug, format: json }
)",
                           folder / "sluice.yaml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->store.data_dir, folder / "data");
  EXPECT_EQ(config->timezone, "Europe/Berlin");
  const local_broker::Options& broker = config->local_broker;
  EXPECT_EQ(broker.address.host, "broker.lan");
  EXPECT_EQ(broker.address.port, 9883);
  EXPECT_TRUE(broker.address.tls);
  EXPECT_EQ(broker.client_id, "other");
  EXPECT_EQ(broker.username, "sluice");
  EXPECT_EQ(broker.password, "0815");
  EXPECT_EQ(broker.tls.ca_file, folder / "ca.pem");
  EXPECT_EQ(broker.tls.cert_file, folder / "cert.pem");
  EXPECT_EQ(broker.tls.key_file, folder / "key.pem");
  EXPECT_EQ(broker.tls.server_name, "broker");
  EXPECT_FALSE(config->subscribe_auto);
  EXPECT_EQ(broker.filters, (std::vector<std::string>{"stat/#", "tele/+/SENSOR"}));
  EXPECT_TRUE(broker.ignore_retained);
  EXPECT_EQ(broker.receive_maximum, 65535);
  EXPECT_EQ(broker.message_size_max, 64u << 10);
  EXPECT_EQ(broker.commit_wait, 250ms);
  ASSERT_TRUE(config->schemas.use);
  ASSERT_EQ(config->schemas.use->size(), 3u);
  EXPECT_EQ(config->schemas.use->at(0).name, "tasmota");
  EXPECT_EQ(config->schemas.use->at(1).name, "zigbee2mqtt");
  EXPECT_EQ(config->schemas.use->at(1).place.line, 14u);
  EXPECT_EQ(config->schemas.use->at(1).settings, (normalize::Settings{{"base", {"z2m"}}}));
  EXPECT_EQ(config->schemas.use->at(2).settings, (normalize::Settings{{"topic", {"a/{home}", "b/{home}"}}}));
  ASSERT_EQ(config->schemas.dirs.size(), 1u);
  EXPECT_EQ(config->schemas.dirs[0], folder / "schemas");
  EXPECT_EQ(config->unmatched, normalize::Unmatched::auto_);
  EXPECT_EQ(config->store.durability, store::Durability::process_crash);
  EXPECT_EQ(config->store.limits.size_max, std::int64_t{2} << 30);
  EXPECT_EQ(config->store.limits.age_max, std::chrono::days(7));
  EXPECT_EQ(config->store.limits.when_full, store::WhenFull::hold);
  EXPECT_EQ(config->store.limits.quarantine_size_max, 1 << 20);
  EXPECT_EQ(config->store.limits.quarantine_age_max, 12h);
  EXPECT_EQ(config->api.listen, "[::1]:9000");
  EXPECT_EQ(config->api.token, "0123456789abcdef");
  EXPECT_EQ(config->api.hosts, (std::vector<std::string>{"pi.local", "192.168.1.5"}));
  EXPECT_EQ(config->log_level, LogLevel::debug);
  EXPECT_EQ(config->log_format, LogFormat::json);
}

TEST(Config, overlapping_filters_are_widened_until_none_overlap) {
  const auto config = read("gateway: { id: a }\nlocal_broker: { url: mqtt://b, subscribe: [a/+, a/b] }");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->local_broker.filters, std::vector<std::string>{"a/+"});
}

TEST(Config, sections_with_nothing_below_are_as_if_absent) {
  EXPECT_EQ(complaints(least + "schemas:\nbuffer:\nclouds:\napi:\n"), "");
}

TEST(Config, every_problem_is_told_at_once_in_the_order_of_the_file) {
  EXPECT_EQ(complaints(R"(gatway: { id: home-pi }
local_broker:
  url: mqtt://localhost
  recieve_maximum: 10
buffer:
  size_max: 1GB
  age_max: 30
  when_full: drop
)"),
            "sluice.yaml:1:1: gateway.id is missing; give this gateway a name of a-z 0-9 -, for example home-pi\n"
            "sluice.yaml:1:1: unknown key 'gatway' (did you mean 'gateway'?)\n"
            "sluice.yaml:4:3: unknown key 'recieve_maximum' (did you mean 'receive_maximum'?)\n"
            "sluice.yaml:6:13: buffer.size_max: '1GB' is not a size; write for example 64KiB, 512MiB or 1GiB\n"
            "sluice.yaml:7:12: buffer.age_max: '30' is not a duration; write for example 250ms, 30s, 15m, 12h or 7d\n"
            "sluice.yaml:8:14: buffer.when_full: 'drop' is not known here; write drop_oldest or hold\n");
}

TEST(Config, empty_file_names_what_it_needs) {
  EXPECT_EQ(complaints(""),
            "sluice.yaml:1:1: gateway.id is missing; give this gateway a name of a-z 0-9 -, for example home-pi\n"
            "sluice.yaml:1:1: local_broker.url is missing; write mqtt://localhost:1883 for a broker on this machine\n");
}

TEST(Config, missing_file_says_why_and_what_to_do) {
  const stage::TempFolder folder;
  normalize::Problems problems;
  EXPECT_FALSE(read_config(folder / "none.yaml", problems));
  EXPECT_EQ(problems.text(), (folder / "none.yaml").string() +
                                 ": the configuration cannot be read: No such file or directory; name another file "
                                 "with --config\n");
}

TEST(Config, folder_in_place_of_the_file_is_told) {
  const stage::TempFolder folder;
  normalize::Problems problems;
  EXPECT_FALSE(read_config(folder.path(), problems));
  EXPECT_NE(problems.text().find("the configuration is a folder"), std::string::npos) << problems.text();
}

TEST(Config, file_without_end_is_refused) {
  normalize::Problems problems;
  EXPECT_FALSE(read_config("/dev/zero", problems));
  EXPECT_NE(problems.text().find("is larger than 1024 KiB"), std::string::npos) << problems.text();
}

TEST(Config, what_works_and_should_be_mended_is_a_warning) {
  const auto config = read(least + "api: { token: short }\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->warnings.text(),
            "sluice.yaml:1:1: there are no clouds: what devices say is understood, and goes nowhere\n"
            "sluice.yaml:3:15: api.token is short; a good one comes from: openssl rand -hex 16\n");
}

TEST(Config, problems_of_an_earlier_file_do_not_spoil_a_good_one) {
  normalize::Problems problems;
  problems.add({"other.yaml", 1, 1}, "something");
  EXPECT_TRUE(read_config_text(least, "sluice.yaml", problems));
}

/// One wrong value and what is said of it.
struct Wrong {
  std::string text, complaint;
};
void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << wrong.text;
}

class WrongValue : public testing::TestWithParam<Wrong> {};

TEST_P(WrongValue, is_told_with_its_place) {
  EXPECT_EQ(complaints(GetParam().text), GetParam().complaint + "\n");
}

std::string gateway(const std::string& rest) {
  return "gateway: { id: a" + rest + " }\nlocal_broker: { url: mqtt://b }";
}
std::string broker(const std::string& rest) {
  return "gateway: { id: a }\nlocal_broker: { url: mqtt://b" + rest + " }";
}

INSTANTIATE_TEST_SUITE_P(
    Config, WrongValue,
    testing::Values(
        Wrong{"- a", "sluice.yaml:1:1: the file is a list; write `key: value` lines"},
        Wrong{"gateway: { id: Home }\nlocal_broker: { url: mqtt://b }",
              "sluice.yaml:1:16: gateway.id: must be 1 to 64 of a-z 0-9 -"},
        Wrong{"gateway: { id: home_pi }\nlocal_broker: { url: mqtt://b }",
              "sluice.yaml:1:16: gateway.id: must be 1 to 64 of a-z 0-9 -"},
        Wrong{"gateway: { id: " + std::string(65, 'a') + " }\nlocal_broker: { url: mqtt://b }",
              "sluice.yaml:1:16: gateway.id: must be 1 to 64 of a-z 0-9 -"},
        Wrong{"gateway: { id: }\nlocal_broker: { url: mqtt://b }",
              "sluice.yaml:1:16: gateway.id: has no value; write one or take the line away"},
        Wrong{"gateway: a\nlocal_broker: { url: mqtt://b }",
              "sluice.yaml:1:10: gateway is a value; write `key: value` lines"},
        Wrong{gateway(", timezone: Europe/Bonn"),
              "sluice.yaml:1:29: gateway.timezone: is not in the time zone database; write for example Europe/Berlin"},
        Wrong{gateway(", data_dir: [a]"), "sluice.yaml:1:29: gateway.data_dir: is a list; write a single value"},
        Wrong{gateway(", data_dir: \"a\\nb\""),
              "sluice.yaml:1:29: gateway.data_dir: must be one line of UTF-8 without control characters"},
        Wrong{broker(", password: x"), "sluice.yaml:2:42: local_broker.password: needs a username beside it"},
        Wrong{broker(", tls: { ca_file: /dev/null }"),
              "sluice.yaml:2:37: local_broker.tls: has no effect: the address does not speak TLS"},
        Wrong{"gateway: { id: a }\nlocal_broker: { url: mqtts://b, tls: { ca_file: /nowhere/ca.pem } }",
              "sluice.yaml:2:49: local_broker.tls.ca_file: /nowhere/ca.pem cannot be read: No such file or directory"},
        Wrong{"gateway: { id: a }\nlocal_broker: { url: mqtts://b, tls: { cert_file: /dev/null } }",
              "sluice.yaml:2:51: local_broker.tls.cert_file: cert_file and key_file go together"},
        Wrong{broker(", subscribe: all"),
              "sluice.yaml:2:43: local_broker.subscribe: write auto, or a list of topic filters: [\"tele/#\", "
              "\"stat/+/RESULT\"]"},
        Wrong{
            broker(", subscribe: [a/#/b]"),
            "sluice.yaml:2:44: local_broker.subscribe: not a topic filter: + stands for one whole level, # at the end "
            "for the rest"},
        Wrong{
            broker(", subscribe: [$share/g/a]"),
            "sluice.yaml:2:44: local_broker.subscribe: a shared subscription would bring only a part of the messages; "
            "leave $share/… out"},
        Wrong{broker(", subscribe: { a: b }"),
              "sluice.yaml:2:43: local_broker.subscribe: is a map; write a list: [a, b], or a line `- a` for each"},
        Wrong{broker(", subscribe: []"),
              "sluice.yaml:2:43: local_broker.subscribe: is empty; write auto, or quote what begins with #: [\"#\"]"},
        Wrong{broker(", retained: yes"),
              "sluice.yaml:2:42: local_broker.retained: 'yes' is not known here; write mark or ignore"},
        Wrong{broker(", receive_maximum: 0"),
              "sluice.yaml:2:49: local_broker.receive_maximum: must be at least 1 and at most 65535"},
        Wrong{broker(", receive_maximum: 1e3"),
              "sluice.yaml:2:49: local_broker.receive_maximum: '1e3' is not a whole number"},
        Wrong{
            broker(", message_size_max: 1KB"),
            "sluice.yaml:2:50: local_broker.message_size_max: '1KB' is not a size; write for example 64KiB, 512MiB or "
            "1GiB"},
        Wrong{broker(", message_size_max: 1GiB"),
              "sluice.yaml:2:50: local_broker.message_size_max: must be at least 1KiB and at most 64MiB"},
        Wrong{
            least + "schemas: { unmatched: qarantine }",
            "sluice.yaml:3:23: schemas.unmatched: 'qarantine' is not known here; write ignore, auto, raw or quarantine "
            "(did you mean 'quarantine'?)"},
        Wrong{least + "schemas: { use: tasmota }",
              "sluice.yaml:3:17: schemas.use: is a value; write a list: [a, b], or a line `- a` for each"},
        Wrong{least + "schemas: { use: [[a]] }",
              "sluice.yaml:3:18: schemas.use: write a family's name, or { name: { setting: value } }"},
        Wrong{least + "schemas: { use: [a, b, a] }",
              "sluice.yaml:3:24: schemas.use: this family stands here a second time"},
        Wrong{least + "schemas: { dirs: [/nowhere] }", "sluice.yaml:3:19: schemas.dirs: there is no folder /nowhere"},
        Wrong{least + "buffer: { commit_wait: 11s }",
              "sluice.yaml:3:24: buffer.commit_wait: must be at least 0ms and at most 10s"},
        Wrong{least + "buffer: { size_max: 1KiB }",
              "sluice.yaml:3:21: buffer.size_max: must be at least 64KiB and at most 1TiB"},
        Wrong{least + "buffer: { age_max: 0s }",
              "sluice.yaml:3:20: buffer.age_max: must be at least 1m and at most 36500d"},
        Wrong{least + "api: { listen: 8420 }",
              "sluice.yaml:3:16: api.listen: write host:port, for example 127.0.0.1:8420 or [::1]:8420"},
        Wrong{least + "api: { listen: '::1:8420' }",
              "sluice.yaml:3:16: api.listen: write host:port, for example 127.0.0.1:8420 or [::1]:8420"},
        Wrong{least + "api: { listen: 'localhost:0' }",
              "sluice.yaml:3:16: api.listen: write host:port, for example 127.0.0.1:8420 or [::1]:8420"},
        Wrong{least + "api: { token: 'a b' }", "sluice.yaml:3:15: api.token: must not hold a space"},
        Wrong{least + "api: { hosts: ['pi.local:8420'] }",
              "sluice.yaml:3:16: api.hosts: write a name or an address alone, without port: pi.local"},
        Wrong{least + "api: { hosts: [''] }",
              "sluice.yaml:3:16: api.hosts: every entry must be one line of UTF-8 and not empty"},
        Wrong{least + "log: { level: loud }",
              "sluice.yaml:3:15: log.level: 'loud' is not known here; write debug, info, warning or error"},
        Wrong{least + "comands: { expire_after: 60s }",
              "sluice.yaml:3:1: unknown key 'comands' (did you mean 'commands'?)"}));

}  // namespace
}  // namespace sluice::app
