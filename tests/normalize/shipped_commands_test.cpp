#include <gtest/gtest.h>

#include "gateway/normalize/commands.h"
#include "gateway/normalize/document.h"
#include "gateway/normalize/normalizer.h"
#include "tests/stage/fake_clock.h"

namespace sluice::normalize {
namespace {

class ShippedCommands : public testing::Test {
 protected:
  static std::shared_ptr<const Library> library() {
    static const std::shared_ptr<const Library> loaded = [] {
      Problems problems;
      auto library = Library::load({SLUICE_SOURCE_DIR "/schemas", {}, std::nullopt}, problems);
      EXPECT_NE(library, nullptr) << problems.text();
      return library;
    }();
    return loaded;
  }

  /// "topic payload", or the refusal.
  std::string published(const std::string& device, const std::string& name, const std::string& params) {
    const Commands::Prepared made = commands_.prepare(device, name, params);
    return made.command ? made.command->publish.topic + " " + made.command->publish.payload : made.refusal.reason;
  }

  /// What a command hears in a device's own message.
  Match heard(const std::string& device, const std::string& name, const std::string& params, const std::string& topic,
              const std::string& payload) {
    const Commands::Prepared made = commands_.prepare(device, name, params);
    EXPECT_TRUE(made.command && made.command->reply) << made.refusal.reason;
    if (!made.command || !made.command->reply) return Match::no;
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.payload_size = payload.size();
    message.received_at = stage::FakeClock().wall_time();
    std::vector<Record> records;
    normalizer_.normalize(message, records);
    std::string readings;
    for (const Record& record : records)
      if (const Match found = match(*made.command->reply, record, device, readings); found != Match::no) return found;
    return Match::no;
  }

  Commands commands_{library()};
  Normalizer normalizer_{library(), {Unmatched::ignore, "Europe/Berlin"}};
};

constexpr Match no = Match::no, succeeded = Match::succeeded, failed = Match::failed;

TEST_F(ShippedCommands, tasmota_publishes) {
  EXPECT_EQ(published("tasmota/plug", "power", R"({"state":"ON"})"), "cmnd/plug/POWER ON");
  EXPECT_EQ(published("tasmota/plug", "power", R"({"state":"OFF","channel":2})"), "cmnd/plug/POWER2 OFF");
  EXPECT_EQ(published("tasmota/lamp", "dimmer", R"({"level":40})"), "cmnd/lamp/Dimmer 40");
  EXPECT_EQ(published("tasmota/lamp", "color", R"({"color":"ff0000"})"), "cmnd/lamp/Color ff0000");
  EXPECT_NE(published("tasmota/lamp", "color", R"({"color":"red;Restart 1"})").find("must be a text"),
            std::string::npos);
  EXPECT_EQ(published("tasmota/lamp", "status", "{}"), "cmnd/lamp/Status 0");
  EXPECT_EQ(published("tasmota/lamp", "console", R"({"command":"TelePeriod","argument":"60"})"),
            "cmnd/lamp/TelePeriod 60");
  EXPECT_TRUE(commands_.prepare("tasmota/lamp", "console", R"({"command":"TelePeriod"})").command->explicit_only);
  for (const char* name : {"Backlog", "BACKLOG0", "backlog2", "a b", "a/b", "", "a\n"})
    EXPECT_EQ(published("tasmota/lamp", "console", R"({"command":")" + std::string(name) + "\"}").find("cmnd/"),
              std::string::npos)
        << name;
  EXPECT_EQ(published("tasmota/lamp", "console", R"({"command":"Power","argument":"on; Reset 1"})").find("cmnd/"),
            std::string::npos);
}

TEST_F(ShippedCommands, tasmota_answers) {
  const std::string on = R"({"state":"ON"})", on1 = R"({"state":"ON","channel":1})",
                    on2 = R"({"state":"ON","channel":2})";
  const auto power = [&](const std::string& params, const std::string& topic, const std::string& payload) {
    return heard("tasmota/p", "power", params, topic, payload);
  };
  for (const std::string& first : {on, on1}) {
    EXPECT_EQ(power(first, "stat/p/RESULT", R"({"POWER":"ON"})"), succeeded);
    EXPECT_EQ(power(first, "stat/p/RESULT", R"({"POWER1":"ON"})"), succeeded);
    EXPECT_EQ(power(first, "stat/p/POWER", "ON"), succeeded);
    EXPECT_EQ(power(first, "stat/p/POWER", R"({"POWER":"ON"})"), succeeded) << "SetOption4";
    EXPECT_EQ(power(first, "stat/p/RESULT", R"({"POWER":"OFF"})"), no);
    EXPECT_EQ(power(first, "stat/p/RESULT", R"({"POWER2":"ON"})"), no);
    EXPECT_EQ(power(first, "stat/q/RESULT", R"({"POWER":"ON"})"), no);
    EXPECT_EQ(power(first, "tele/p/STATE", R"({"POWER":"ON"})"), no) << "not an answer";
  }
  EXPECT_EQ(power(on2, "stat/p/RESULT", R"({"POWER2":"ON"})"), succeeded);
  EXPECT_EQ(power(on2, "stat/p/RESULT", R"({"POWER":"ON"})"), no);
  EXPECT_EQ(power(on2, "stat/p/RESULT", R"({"POWER1":"ON"})"), no);
  EXPECT_EQ(power(R"({"state":"ON","channel":12})", "stat/p/POWER12", "ON"), succeeded);
  EXPECT_EQ(power(R"({"state":"TOGGLE"})", "stat/p/RESULT", R"({"POWER":"OFF"})"), succeeded);
  EXPECT_EQ(power(on, "stat/p/RESULT", R"({"Command":"Unknown"})"), failed);
  EXPECT_EQ(power(on, "stat/p/COMMAND", R"({"Command":"Error"})"), failed);
  EXPECT_EQ(power(on, "stat/p/RESULT", R"({"Command":"Fine"})"), no);

  EXPECT_EQ(heard("tasmota/l", "dimmer", R"({"level":40})", "stat/l/RESULT", R"({"POWER":"ON","Dimmer":40})"),
            succeeded);
  EXPECT_EQ(heard("tasmota/l", "dimmer", R"({"level":40})", "stat/l/RESULT", R"({"POWER":"ON","Dimmer":41})"), no);
  EXPECT_EQ(heard("tasmota/l", "dimmer", R"({"level":0})", "stat/l/RESULT", R"({"POWER":"OFF"})"), succeeded);
  EXPECT_EQ(heard("tasmota/l", "color", R"({"color":"8C0000"})", "stat/l/RESULT", R"({"POWER":"ON","Color":"8C0000"})"),
            succeeded);
  EXPECT_EQ(heard("tasmota/l", "status", R"({"number":2})", "stat/l/STATUS2", R"({"StatusFWR":{"Version":"14"}})"),
            succeeded);
  EXPECT_EQ(heard("tasmota/l", "status", R"({"number":2})", "stat/l/STATUS5", R"({"StatusNET":{"Hostname":"x"}})"), no);
  EXPECT_EQ(commands_.prepare("tasmota/l", "status", R"({"number":1})").command->reply, nullptr);
  EXPECT_EQ(heard("tasmota/l", "console", R"({"command":"Dimmer","argument":"5"})", "stat/l/RESULT", R"({"Dimmer":5})"),
            succeeded);
  EXPECT_EQ(heard("tasmota/l", "console", R"({"command":"Dimmr","argument":"5"})", "stat/l/RESULT",
                  R"({"Command":"Unknown"})"),
            failed);
  EXPECT_EQ(heard("tasmota/l", "console", R"({"command":"Dimmer"})", "stat/l/RESULT", R"({"POWER":"ON"})"), no);
}

TEST_F(ShippedCommands, tasmota_answers_for_every_relay) {
  for (int n = 1; n <= 32; ++n) {
    const std::string relay = std::to_string(n), name = "POWER" + relay;
    const std::string on = R"({"state":"ON","channel":)" + relay + "}";
    EXPECT_EQ(published("tasmota/p", "power", on), "cmnd/p/" + name + " ON");
    EXPECT_EQ(heard("tasmota/p", "power", on, "stat/p/" + name, "ON"), succeeded) << name;
    EXPECT_EQ(heard("tasmota/p", "power", on, "stat/p/" + name, "OFF"), no) << name;
    EXPECT_EQ(heard("tasmota/p", "power", on, "stat/p/" + name + "0", "ON"), no) << name;
    EXPECT_EQ(heard("tasmota/p", "power", on, "stat/p/RESULT", "{\"" + name + "\":\"ON\"}"), succeeded) << name;
  }
}

TEST_F(ShippedCommands, what_sets_a_state) {
  const auto wins = [&](const std::string& device, const std::string& name, const std::string& params) {
    const Commands::Prepared made = commands_.prepare(device, name, params);
    EXPECT_TRUE(made.command) << made.refusal.reason;
    return made.command && made.command->latest_wins;
  };
  for (const char* device : {"tasmota/d", "zigbee2mqtt/d"}) {
    EXPECT_TRUE(wins(device, "power", R"({"state":"ON"})")) << device;
    EXPECT_TRUE(wins(device, "power", R"({"state":"OFF"})")) << device;
    EXPECT_FALSE(wins(device, "power", R"({"state":"TOGGLE"})")) << device;
  }
  EXPECT_TRUE(wins("relay/d", "power", R"({"state":"on"})"));
  EXPECT_TRUE(wins("relay/d", "power", R"({"state":"off"})"));
  EXPECT_TRUE(wins("tasmota/d", "dimmer", R"({"level":0})"));
  EXPECT_TRUE(wins("tasmota/d", "color", R"({"color":"5"})"));
  EXPECT_TRUE(wins("zigbee2mqtt/d", "brightness", R"({"level":9})"));
  EXPECT_FALSE(wins("zigbee2mqtt/d", "set", R"({"values":{"state":"ON"}})")) << "it says a part of the state";
  EXPECT_FALSE(wins("mqtt/broker", "publish", R"({"topic":"a"})"));
}

TEST_F(ShippedCommands, zigbee2mqtt) {
  EXPECT_EQ(published("zigbee2mqtt/ground floor/lamp", "power", R"({"state":"ON"})"),
            R"(zigbee2mqtt/ground floor/lamp/set {"state":"ON"})");
  EXPECT_EQ(published("zigbee2mqtt/lamp", "brightness", R"({"level":100})"),
            R"(zigbee2mqtt/lamp/set {"brightness":100})");
  EXPECT_EQ(published("zigbee2mqtt/lamp", "brightness", R"({"level":100,"transition":1.5})"),
            R"(zigbee2mqtt/lamp/set {"brightness":100,"transition":1.5})");
  EXPECT_EQ(published("zigbee2mqtt/lamp", "set", R"({"values":{"color":{"x":0.4,"y":0.3}}})"),
            R"(zigbee2mqtt/lamp/set {"color":{"x":0.4,"y":0.3}})");
  EXPECT_EQ(published("zigbee2mqtt/lamp", "get", R"({"quantity":"state"})"), "zigbee2mqtt/lamp/get/state ");
  EXPECT_EQ(published("zigbee2mqtt/bridge", "request", R"({"request":"device/remove","body":{"id":"x"}})"),
            R"(zigbee2mqtt/bridge/request/device/remove {"id":"x"})");
  EXPECT_TRUE(commands_.prepare("zigbee2mqtt/bridge", "request", R"({"request":"restart"})").command->explicit_only);
  const std::string lamp = "zigbee2mqtt/a/lamp", on = R"({"state":"ON"})";
  EXPECT_EQ(heard(lamp, "power", on, lamp, R"({"state":"ON","brightness":10})"), succeeded);
  EXPECT_EQ(heard(lamp, "power", on, lamp, R"({"state":"ON","power":3})"), succeeded) << "by the meter";
  EXPECT_EQ(heard(lamp, "power", on, lamp, R"({"state":"OFF"})"), no);
  EXPECT_EQ(heard(lamp, "power", on, lamp, R"({"brightness":3})"), no);
  EXPECT_EQ(heard(lamp, "power", on, "zigbee2mqtt/a", R"({"state":"ON"})"), no);
  EXPECT_EQ(heard(lamp, "power", R"({"state":"TOGGLE"})", lamp, R"({"state":"OFF"})"), succeeded);
  const std::string values = R"({"values":{"brightness":7,"transition":2,"color":{"x":0.4}}})";
  EXPECT_EQ(heard(lamp, "set", values, lamp, R"({"brightness":7.0,"color":{"x":0.4}})"), succeeded);
  EXPECT_EQ(heard(lamp, "set", values, lamp, R"({"brightness":7,"color":{"x":0.5}})"), no);
  EXPECT_EQ(heard(lamp, "set", values, lamp, R"({"linkquality":7})"), no);
  EXPECT_EQ(heard(lamp, "get", R"({"quantity":"color"})", lamp, R"({"color":{"x":0.4}})"), succeeded);
  const std::string request = R"({"request":"restart"})";
  EXPECT_EQ(
      heard("zigbee2mqtt/bridge", "request", request, "zigbee2mqtt/bridge/response/restart", R"({"status":"ok"})"),
      succeeded);
  EXPECT_EQ(heard("zigbee2mqtt/bridge", "request", request, "zigbee2mqtt/bridge/response/restart",
                  R"({"status":"error","error":"x"})"),
            failed);
}

TEST_F(ShippedCommands, relays_and_any_topic) {
  EXPECT_EQ(published("relay/pump", "power", R"({"state":"off"})"), "relay/pump/set off");
  EXPECT_EQ(heard("relay/pump", "power", R"({"state":"off"})", "relay/pump/state", "off"), succeeded);
  EXPECT_EQ(heard("relay/pump", "power", R"({"state":"off"})", "relay/pump/state", "on"), no);
  const auto made = commands_.prepare("mqtt/broker", "publish", R"({"topic":"a/b","payload":"x"})");
  ASSERT_TRUE(made.command) << made.refusal.reason;
  EXPECT_EQ(made.command->publish.topic + " " + made.command->publish.payload, "a/b x");
  EXPECT_TRUE(made.command->explicit_only && made.command->any_topic);
  EXPECT_EQ(made.command->reply, nullptr);
  EXPECT_EQ(published("mqtt/broker", "publish", R"({"topic":"a"})"), "a ");
  for (const char* topic : {"#", "a/+", "", "$SYS/x", "a//b", "a\\u0000"})
    EXPECT_FALSE(commands_.prepare("mqtt/broker", "publish", R"({"topic":")" + std::string(topic) + "\"}").command)
        << topic;
}

TEST_F(ShippedCommands, are_in_the_documentation) {
  for (const Family& family : library()->families())
    for (const CommandSchema& command : family.commands)
      EXPECT_NE(document(family).find("### Command " + family.name + "/" + command.name), std::string::npos);
  const std::string text = document(*std::find_if(library()->families().begin(), library()->families().end(),
                                                  [](const Family& family) { return family.name == "tasmota"; }));
  EXPECT_NE(
      text.find("- Answered by `tasmota/result` or `tasmota/switched` or `tasmota/answer` with `power` that is what "
                "`state` says (ON → true, OFF → false), where `channel` is left out or `1`\n"),
      std::string::npos);
  EXPECT_NE(text.find("- Sets a state: one that waits is superseded by a later one, where `state` is `ON` or `OFF`\n"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::normalize
