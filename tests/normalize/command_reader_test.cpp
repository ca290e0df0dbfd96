#include <gtest/gtest.h>

#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"
#include "gateway/normalize/commands.h"

namespace sluice::normalize {
namespace {

using Form = CommandMessage::Form;

std::vector<CommandText> read(Form form, const std::string& text) {
  CommandMessage message;
  message.form = form;
  message.text = text;
  message.id = "7";
  message.device = form == Form::method ? "" : "t/d";
  message.name = "power";
  return read_commands(message);
}

/// The parts of one command in one line, "!" and the refusal behind them.
std::string line_of(const CommandText& command) {
  std::string line = command.id + "|" + command.device + "|" + command.name + "|" + command.params;
  if (!command.expires_at.empty()) line += "|" + command.expires_at;
  return command.refusal.empty() ? line : line + " !" + std::to_string(command.status) + " " + command.refusal;
}

std::string lines_of(Form form, const std::string& text) {
  std::string lines;
  for (const CommandText& command : read(form, text)) lines += (lines.empty() ? "" : "\n") + line_of(command);
  return lines;
}

std::string command(const std::string& text) {
  return lines_of(Form::command, text);
}

TEST(ReadCommand, every_part) {
  EXPECT_EQ(command(R"({"id":"1","device":"t/a/b","command":"power","params":{ "x" : [1, {"y":null}], "z":"q\"" },
                        "expires_at":"2026-03-01T10:00:00Z","note":"unknown members are passed over"})"),
            R"(1|t/a/b|power|{"x":[1,{"y":null}],"z":"q\""}|2026-03-01T10:00:00Z)");
  EXPECT_EQ(command(R"({"id":"1","device":"t/a","command":"on"})"), "1|t/a|on|{}");
  EXPECT_EQ(command(R"({"id":"1","device":"t/a","command":"on","params":null,"expires_at":null})"), "1|t/a|on|{}");
  EXPECT_EQ(command(R"({"id":"0","id":"1","device":"t/a","command":"on","params":{"a":1,"a":2}})"),
            R"(1|t/a|on|{"a":2})");
}

TEST(ReadCommand, a_cloud_event) {
  EXPECT_EQ(command(R"({"specversion":"1.0","id":"e","data":{"device":"t/a","command":"on"}})"), "e|t/a|on|{}");
  EXPECT_EQ(command(R"({"specversion":"1.0","id":"e","data":{"id":"1","device":"t/a","command":"on"}})"),
            "1|t/a|on|{}");
  EXPECT_EQ(command(R"({"specversion":"1.0","id":"e","data":5})").substr(0, 40),
            "e|||{} !400 data is not a JSON object");
}

TEST(ReadCommand, what_is_missing_or_wrong_is_said_and_the_rest_kept) {
  EXPECT_EQ(command(R"({"device":"t/a","command":"on"})"), "|t/a|on|{} !400 id is missing");
  EXPECT_EQ(command(R"({"id":"1","command":"on"})"), "1||on|{} !400 device is missing");
  EXPECT_EQ(command(R"({"id":"1","device":"t/a"})"), "1|t/a||{} !400 command is missing");
  EXPECT_EQ(command(R"({"id":1,"device":"t/a","command":"on"})"), "|t/a|on|{} !400 id is not a text");
  EXPECT_EQ(command(R"({"id":"1","device":"a","command":"on"})"),
            "1|a|on|{} !400 device must be family/name, as in tasmota/kitchen");
  for (const char* device : {"t/", "/a"})
    EXPECT_EQ(command(R"({"id":"1","device":")" + std::string(device) + R"(","command":"on"})"),
              "1|" + std::string(device) + "|on|{} !400 device must be family/name, as in tasmota/kitchen");
  for (const char* device : {"t/+", "t/a/#", "+/a"})
    EXPECT_EQ(command(R"({"id":"1","device":")" + std::string(device) + R"(","command":"on"})"),
              "1|" + std::string(device) +
                  "|on|{} !400 device holds a wildcard (+ or #): a command goes to one device by its name");
  EXPECT_EQ(command(R"({"id":"1","device":"t/a\u0000b","command":"on"})"),
            "1||on|{} !400 device holds control characters");
  EXPECT_EQ(command(R"({"id":"a\nb","device":"t/a","command":"on"})"), "|t/a|on|{} !400 id holds control characters");
  EXPECT_EQ(command(R"({"id":"1","device":"t/a","command":"on","params":[1]})"),
            "1|t/a|on|{} !400 params is not a JSON object");
  for (const char* time : {"\"soon\"", "5", "\"2026-02-31T00:00:00Z\""})
    EXPECT_TRUE(command(R"({"id":"1","device":"t/a","command":"on","expires_at":)" + std::string(time) + "}")
                    .starts_with("1|t/a|on|{} !400 expires_at is no"))
        << time;
  const std::string long_id(129, 'i');
  EXPECT_EQ(command(R"({"id":")" + long_id + R"(","device":"t/a","command":"on"})"),
            "|t/a|on|{} !400 id is longer than 128 bytes");
}

TEST(ReadCommand, what_is_no_command_at_all) {
  EXPECT_EQ(command("5"), "|||{} !400 a command is a JSON object");
  EXPECT_EQ(command("").substr(0, 20), "|||{} !400 not JSON:");
  EXPECT_EQ(command("{\"id\":\"1\"").substr(0, 20), "|||{} !400 not JSON:");
  EXPECT_EQ(command("{\"id\":\"\xff\"}").substr(0, 20), "|||{} !400 not JSON:");
  EXPECT_EQ(command(std::string(60'000, '[')).substr(0, 20), "|||{} !400 too deep:");
  const std::string large =
      R"({"id":"1","device":"t/a","command":"on","params":{"x":")" + std::string(65536, 'x') + "\"}}";
  EXPECT_EQ(command(large), "1|t/a|on|{} !413 larger than 65536 bytes");
  EXPECT_EQ(command(large.substr(0, 65537)), "|||{} !413 larger than 65536 bytes") << "as sources cut it";
  EXPECT_EQ(command(std::string(2'000'000, ' ') + "{}"), "|||{} !413 larger than 1048576 bytes");
}

TEST(ReadCommand, a_list) {
  const std::string good = R"({"id":"1","device":"t/a","command":"on"})";
  EXPECT_EQ(lines_of(Form::commands, "[" + good + ",5," + good + "]"),
            "1|t/a|on|{}\n|||{} !400 a command is a JSON object\n1|t/a|on|{}");
  EXPECT_EQ(lines_of(Form::commands, R"({"ok":true,"commands":[)" + good + "]}"), "1|t/a|on|{}");
  for (const char* none :
       {"", " \n", "OK", "<html>", "{}", "[]", R"({"commands":null})", R"({"commands":[]})", R"({"status":"ok"})"})
    EXPECT_EQ(lines_of(Form::commands, none), "") << none;
  EXPECT_EQ(lines_of(Form::commands, R"({"commands":5})"), "|||{} !400 commands is not a list");
  EXPECT_EQ(lines_of(Form::commands, "[" + good).substr(0, 20), "|||{} !400 not JSON:");
  std::string many = "[5";
  for (int i = 1; i < 1000; ++i) many += ",5";
  EXPECT_EQ(read(Form::commands, many + "]").size(), 1000U);
  EXPECT_EQ(lines_of(Form::commands, many + ",5]"), "|||{} !413 more than 1000 commands in one list");
  const std::string large =
      R"({"id":"2","device":"t/a","command":"on","params":{"x":")" + std::string(65536, 'x') + "\"}}";
  EXPECT_EQ(lines_of(Form::commands, "[" + large + "," + good + "]"),
            "2|t/a|on|{} !413 larger than 65536 bytes\n1|t/a|on|{}");
}

TEST(ReadCommand, parameters_alone) {
  EXPECT_EQ(lines_of(Form::params, R"({"state":"ON"})"), R"(7|t/d|power|{"state":"ON"})");
  EXPECT_EQ(lines_of(Form::params, ""), "7|t/d|power|{}");
  EXPECT_EQ(lines_of(Form::params, "[1]"), "7|t/d|power|{} !400 the parameters are not a JSON object");
  EXPECT_EQ(lines_of(Form::params, "{").substr(0, 28), "7|t/d|power|{} !400 not JSON");
  EXPECT_EQ(lines_of(Form::params, R"({"x":")" + std::string(65536, 'x') + "\"}"),
            "7|t/d|power|{} !413 larger than 65536 bytes");
  CommandMessage without_id{Form::params, "{}", "", "t/d", "power"};
  EXPECT_EQ(line_of(read_commands(without_id)[0]), "|t/d|power|{}");
}

TEST(ReadCommand, a_method) {
  EXPECT_EQ(lines_of(Form::method, R"({"device":"t/a","state":"ON","channel":1})"),
            R"(7|t/a|power|{"channel":1,"state":"ON"})");
  EXPECT_EQ(lines_of(Form::method, R"({"device":"t/a"})"), "7|t/a|power|{}");
  for (const char* none : {"", "null", "{}"})
    EXPECT_EQ(lines_of(Form::method, none), "7||power|{} !400 device is missing") << none;
  EXPECT_EQ(lines_of(Form::method, R"({"device":"t/#"})").substr(0, 34), "7|t/#|power|{} !400 device holds a");
}

TEST(ReadCommand, settings_of_a_twin) {
  EXPECT_EQ(lines_of(Form::settings,
                     R"({"t/a":{"power":{"state":"ON"},"dimmer":{"level":5},"x":null},"$version":7,"t/b":null})"),
            "twin-7-t/a-power|t/a|power|{\"state\":\"ON\"}\ntwin-7-t/a-dimmer|t/a|dimmer|{\"level\":5}");
  EXPECT_EQ(lines_of(Form::settings, R"({"interval":5,"t/a":{"power":"ON"}})"),
            "twin-7-interval-|interval||{} !400 device must be family/name, as in tasmota/kitchen\n"
            "twin-7-t/a-power|t/a|power|{} !400 params is not a JSON object");
  EXPECT_EQ(lines_of(Form::settings, "[]"), "|||{} !400 the settings are not a JSON object");
  const std::string a = "t/" + std::string(120, 'a') + "\u00e4\u00e4";
  const auto one = read(Form::settings, "{\"" + a + "1\":{\"power\":{}}}");
  const auto two = read(Form::settings, "{\"" + a + "2\":{\"power\":{}}}");
  EXPECT_LE(one[0].id.size(), 128U);
  EXPECT_TRUE(is_utf8(one[0].id));
  EXPECT_NE(one[0].id, two[0].id);
  EXPECT_EQ(one[0].id, read(Form::settings, "{\"" + a + "1\":{\"power\":{}}}")[0].id);
}

TEST(ReadCommand, a_slip_in_a_members_name_is_refused_and_other_members_are_not) {
  const auto refusal = [](const std::string& more) {
    CommandMessage message;
    message.text = R"({"id":"1","device":"a/b","command":"c")" + more + "}";
    return read_commands(message).at(0).refusal;
  };
  EXPECT_EQ(refusal(R"(,"user":"ada","timestamp":5)"), "");
  EXPECT_NE(refusal(R"(,"expires":"2020-01-01T00:00:00Z")").find("did you mean 'expires_at'?"), std::string::npos);
  EXPECT_NE(refusal(R"(,"expire_at":"2020-01-01T00:00:00Z")").find("did you mean 'expires_at'?"), std::string::npos);
  EXPECT_NE(refusal(R"(,"parms":{})").find("did you mean 'params'?"), std::string::npos);
}

}  // namespace
}  // namespace sluice::normalize
