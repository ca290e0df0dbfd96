#include <chrono>

#include <gtest/gtest.h>

#include "gateway/app/command_command.h"
#include "gateway/app/paths.h"
#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

const std::string hive =
    "clouds:\n"
    "  - name: hive\n"
    "    type: mqtt\n"
    "    url: mqtts://broker.example\n"
    "    username: ada\n"
    "    password: x\n"
    "    downlink: { topic: \"homes/{gateway}/commands\" }\n";

std::string with_hive(const std::string& commands) {
  return least + hive + "commands:\n" + commands;
}

std::string with_allow(const std::string& entry) {
  return with_hive("  allow:\n    - { " + entry + " }\n");
}

TEST(ConfigCommands, nothing_is_allowed_by_itself) {
  const auto config = read(least);
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->commands.allow.empty());
  EXPECT_EQ(config->commands.expire_after, 60s);
  EXPECT_TRUE(config->commands.groups.empty());
}

TEST(ConfigCommands, every_value_reaches_its_place) {
  const auto config = read(with_hive(R"(  expire_after: 5m
  allow:
    - { from: [hive, api], device: tasmota/*, commands: [power, dimmer] }
    - { from: api, device: mqtt/broker, commands: publish, topics: [garden/+/set] }
  groups: { tasmota/hall: [tasmota/h1, tasmota/h2] }
)"));
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->clouds.at(0).downlink);
  EXPECT_TRUE(std::get<cloud_mqtt::Options>(config->clouds.at(0).options).downlink != nullptr);
  const CommandRules& rules = config->commands;
  EXPECT_EQ(rules.expire_after, 5min);
  ASSERT_EQ(rules.allow.size(), 2u);
  EXPECT_EQ(rules.allow[0].from, (std::vector<std::string>{"hive", "api"}));
  EXPECT_EQ(rules.allow[0].device, "tasmota/*");
  EXPECT_EQ(rules.allow[0].commands, (std::vector<std::string>{"power", "dimmer"}));
  EXPECT_EQ(rules.allow[1].topics, std::vector<std::string>{"garden/+/set"});
  EXPECT_EQ(rules.groups.at("tasmota/hall"), (std::vector<std::string>{"tasmota/h1", "tasmota/h2"}));
}

struct Wrong {
  std::string text, complaint;
};

class CommandMistakes : public testing::TestWithParam<Wrong> {};

TEST_P(CommandMistakes, are_told_with_their_place_and_what_to_do) {
  EXPECT_NE(complaints(GetParam().text).find(GetParam().complaint), std::string::npos) << complaints(GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    All, CommandMistakes,
    testing::Values(
        Wrong{with_allow("device: tasmota/*, commands: [power]"), "12:7: commands.allow[].from is missing"},
        Wrong{with_allow("from: [api], commands: [power]"), "device is missing"},
        Wrong{with_allow("from: [api], device: tasmota/*"), "commands is missing"},
        Wrong{with_allow("from: [hove], device: tasmota/*, commands: [power]"), "did you mean 'hive'?"},
        Wrong{with_allow("from: [api], device: kitchen, commands: [power]"), "is a family and a name"},
        Wrong{with_allow("from: [api], device: mqtt/broker, commands: [publish], topics: [a/#/b]"),
              "not an MQTT topic filter"},
        Wrong{with_allow("from: [api], device: tasmota/*, command: [power]"), "unknown key 'command'"},
        Wrong{with_hive("  expire_after: 1s\n"), "expire_after"},
        Wrong{with_hive("  groups: { tasmota/hall: [] }\n"), "write a group and its members"},
        Wrong{with_hive("  groups: { hall: [tasmota/h1] }\n"), "write a group and its members"},
        Wrong{with_cloud("") + "commands:\n  allow:\n    - { from: [hooks], device: tasmota/*, commands: [power] }\n",
              "no commands come from cloud 'hooks': it has no downlink"},
        Wrong{with_cloud("    downlink: {}\n"), "brings nothing"},
        Wrong{with_cloud("    downlink: { poll: \"http://other.example/c\" }\n"), "http:// to another machine"},
        Wrong{with_cloud("    downlink: { in_answers: true, every: 5s }\n"), "has no effect without poll"},
        Wrong{with_cloud("    downlink: { poll: \"https://example.org/c\", every: 1ms }\n"), "every"},
        Wrong{with_cloud("    downlink: { topic: x }\n"), "unknown key 'topic'"}));

std::string mqtt_cloud(const std::string& login, const std::string& uplink, const std::string& downlink) {
  return least + "clouds:\n  - name: hive\n    type: mqtt\n    url: mqtts://broker.example\n" + login +
         "    uplink: " + uplink + "\n    downlink: " + downlink + "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Mqtt, CommandMistakes,
    testing::Values(
        Wrong{mqtt_cloud("", "{}", "{ topic: a/b }"), "needs a login"},
        Wrong{mqtt_cloud("    username: ada\n", "{}", "{}"), "topic is missing"},
        Wrong{mqtt_cloud("    username: ada\n", "{}", "{ topic: a/# }"), "topic"},
        Wrong{mqtt_cloud("    username: ada\n", "{ topic: \"a/{schema}\" }", "{ topic: a/b/c }"), "command itself"},
        Wrong{mqtt_cloud("    username: ada\n", "{ topic: \"{topic}\" }", "{ topic: a/b/c }"), "command itself"},
        Wrong{mqtt_cloud("    username: ada\n", "{ topic: \"x/{kind}/y\" }", "{ topic: x/notice/y }"),
              "command itself"}));

TEST(ConfigCommands, an_uplink_beside_the_command_topic_is_fine) {
  for (const std::string uplink : {"homes/{gateway}/{device}/{schema}", "homes/{gateway}/events", "up/{topic}"})
    EXPECT_EQ(complaints(mqtt_cloud("    username: ada\n", "{ topic: \"" + uplink + "\" }",
                                    "{ topic: \"homes/{gateway}/commands\" }")),
              "");
}

TEST(ConfigCommands, other_types_bring_commands_too) {
  const auto azure = read(least +
                          "clouds:\n  - { name: a, type: azure_iot_hub, host: h.azure-devices.net, device_id: d, key: "
                          "cGFzc3dvcmQ=, downlink: {} }\n");
  ASSERT_TRUE(azure);
  EXPECT_TRUE(azure->clouds.at(0).downlink);
  EXPECT_TRUE(std::get<azure_iot_hub::Options>(azure->clouds.at(0).options).downlink);
  const auto hooks =
      read(with_cloud("    downlink: { poll: \"https://example.org/c\", every: 20s, in_answers: true }\n"));
  ASSERT_TRUE(hooks);
  const auto& downlink = webhook_of(hooks->clouds.at(0)).downlink;
  ASSERT_TRUE(downlink);
  EXPECT_EQ(downlink->poll->host, "example.org");
  EXPECT_EQ(downlink->every, 20s);
  EXPECT_TRUE(downlink->in_answers);
}

TEST(ConfigCommands, a_downlink_that_may_do_nothing_is_told) {
  const auto config = read(least + hive);
  ASSERT_TRUE(config);
  EXPECT_NE(config->warnings.text().find("commands.allow lists nothing"), std::string::npos) << config->warnings.text();
}

TEST(ConfigCommands, what_is_allowed_has_to_be_there) {
  auto config = read(with_allow("from: [api], device: tasmota/*, commands: [powr]"));
  ASSERT_TRUE(config);
  normalize::Problems problems;
  config->schemas.shipped = shipped_schemas();
  const auto library = normalize::Library::load(config->schemas, problems);
  ASSERT_TRUE(library) << problems.text();
  check_commands(config->commands, normalize::Commands(library), problems);
  EXPECT_NE(problems.text().find("no family in use has a command 'powr' for tasmota/*"), std::string::npos)
      << problems.text();
  EXPECT_NE(problems.text().find("did you mean 'power'?"), std::string::npos) << problems.text();
}

TEST(CommandParams, are_typed_by_how_they_look) {
  const auto params =
      command_params({"state=ON", "level=50", "on=true", "text=\"5\"", "list=[1,2]", "empty=", "eq=a=b"});
  ASSERT_TRUE(params) << params.error().message;
  EXPECT_EQ(*params, R"({"state":"ON","level":50,"on":true,"text":"5","list":[1,2],"empty":"","eq":"a=b"})") << *params;
}

TEST(CommandParams, must_be_a_name_and_a_value) {
  for (const char* wrong : {"state", "=ON", "list=[1"}) EXPECT_FALSE(command_params({wrong})) << wrong;
}

}  // namespace
}  // namespace sluice::app
