#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/core/topic_filter.h"
#include "gateway/normalize/examples.h"
#include "gateway/normalize/library.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/schema.h"
#include "tests/normalize/json_schema.h"
#include "tests/stage/fake_clock.h"
#include "tests/stage/temp_folder.h"

namespace sluice::normalize {
namespace {

const std::filesystem::path schemas = SLUICE_SOURCE_DIR "/schemas";

std::shared_ptr<const Library> loaded(std::optional<std::vector<FamilyUse>> use = std::nullopt) {
  Problems problems;
  auto library = Library::load({schemas, {}, std::move(use)}, problems);
  if (library == nullptr) throw std::runtime_error(problems.text());
  return library;
}

const Library& shipped() {
  static const std::shared_ptr<const Library> library = loaded();
  return *library;
}

/// A library of one schema file; null, and the problems, where the gateway refuses it.
std::shared_ptr<const Library> library_of(const std::string& file, Problems& problems) {
  const stage::TempFolder folder;
  std::ofstream(folder / "family.yaml") << file;
  return Library::load({folder.path(), {}, std::nullopt}, problems);
}

std::vector<std::filesystem::path> shipped_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(schemas))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  return files;
}

/// Says in a few words what becomes of a message: the devices and schemas of its events, or why there are none.
class Reader {
 public:
  explicit Reader(std::shared_ptr<const Library> library, Unmatched unmatched = Unmatched::quarantine)
      : normalizer_(std::move(library), {unmatched, "Europe/Berlin"}) {}

  std::string read(const std::string& topic, const std::string& payload) {
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.payload_size = payload.size();
    message.received_at = stage::FakeClock().wall_time();
    std::vector<Record> records;
    const Fate fate = normalizer_.normalize(message, records);
    if (fate.kind == Fate::Kind::ignored) return "ignored";
    if (fate.kind == Fate::Kind::quarantined)
      return fate.schema.empty() ? "unmatched" : "quarantined by " + fate.schema;
    std::string said;
    for (const Record& record : records) said += (said.empty() ? "" : " ") + record.device + " by " + record.schema;
    return said;
  }

 private:
  Normalizer normalizer_;
};

TEST(Shipped, every_example_holds) {
  int count = 0;
  for (const Family& family : shipped().families())
    for (const MessageSchema& message : family.messages) count += static_cast<int>(message.examples.size());
  EXPECT_GT(count, 100);
  for (const Difference& difference : run_examples(shipped())) ADD_FAILURE() << difference.text();
}

TEST(Shipped, the_families_are_these) {
  std::vector<std::string> names;
  for (const Family& family : shipped().families()) names.push_back(family.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"button",
                                             "chirpstack",
                                             "controlbyweb",
                                             "csv",
                                             "currentcost",
                                             "domoticz",
                                             "ecowitt",
                                             "emonhub",
                                             "esphome",
                                             "fritzbox",
                                             "home",
                                             "homeassistant",
                                             "mqtt",
                                             "mysensors",
                                             "nmea",
                                             "obix",
                                             "openmqttgateway",
                                             "openweathermap",
                                             "otmonitor",
                                             "owntracks",
                                             "raven",
                                             "relay",
                                             "rtl_433",
                                             "senml",
                                             "shelly",
                                             "solar_assistant",
                                             "tasmota",
                                             "theengs",
                                             "thingspeak",
                                             "ttn",
                                             "weatherstation",
                                             "wunderground",
                                             "xml",
                                             "zigbee2mqtt"}));
}

TEST(Shipped, everything_is_documented_and_shown) {
  for (const Family& family : shipped().families()) {
    EXPECT_FALSE(family.title.empty() || family.about.empty() || family.reference.empty()) << family.name;
    for (const MessageSchema& message : family.messages) {
      EXPECT_FALSE(message.about.empty()) << message.full_name;
      EXPECT_FALSE(message.examples.empty()) << message.full_name;
    }
    for (const CommandSchema& command : family.commands)
      EXPECT_FALSE(command.about.empty()) << family.name << command.name;
  }
}

TEST(Shipped, the_schema_for_editors_accepts_every_file) {
  const stage::JsonSchema editors(schemas / "family.schema.json");
  for (const auto& file : shipped_files()) {
    Problems problems;
    const auto root = read_yaml(stage::text_of(file), file.string(), problems);
    ASSERT_TRUE(root) << problems.text();
    EXPECT_EQ(editors.broken_by(stage::json_of(*root)), "") << file;
  }
}

TEST(Shipped, the_schema_for_editors_refuses_what_the_gateway_refuses) {
  const stage::JsonSchema editors(schemas / "family.schema.json");
  const std::string good =
      R"({family: f, messages: [{name: m, topic: "t/{device}", format: json, readings: {a: /a}}]})";
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"family: f", "family: F"},
      {"family: f, ", ""},
      {"messages:", "mesages:"},
      {"name: m, ", ""},
      {"format: json", "format: yaml"},
      {"format: json", "format: json, kind: rading"},
      {"format: json", "format: json, devices: x"},
      {"{a: /a}", "{a: {at: /a, unti: W}}"},
      {"{a: /a}", "{a: {unit: W}}"},
      {"{a: /a}", "{a: {at: /a, type: float}}"},
      {"{a: /a}", "{a: {at: /a, scale: much}}"},
      {"{a: /a}", "{a: /a}, time: {format: epoch_s}"},
      {"{a: /a}", "{a: /a}, when: {at: /a}"},
      {"{a: /a}", "{a: /a}, rest: perhaps"},
      {"{a: /a}", "{a: /a}, examples: [{topic: t/d, payload: x}]"},
      {"{a: /a}", "{a: /a}, examples: [{topic: t/d, payload: x, ignored: true, quarantine: not}]"},
      {"}]}", "}], commands: {c: {payload: x}}}"},
      {"}]}", "}], commands: {c: {topic: x, retain: true}}}"},
      {"}]}", "}], commands: {c: {topic: x, latest_wins: sometimes}}}"},
      {"}]}", "}], commands: {c: {topic: x, latest_wins: {}}}}"},
      {"}]}", "}], commands: {c: {topic: x, params: {a: {}}, latest_wins: {a: []}}}}"},
      {"}]}", "}], commands: {c: {topic: x, params: {a: {}}, latest_wins: [a]}}}"},
      {"}]}", "}], commands: {c: {topic: x, reply: []}}}"},
      {"}]}", "}], commands: {c: {topic: x, reply: {message: m, where: {}}}}}"},
      {"}]}", "}], commands: {c: {topic: x, reply: {has: a}}}}"},
      {"}]}", "}], commands: {c: {topic: x, reply: {message: m, has: a, is: {map: {a: b}}}}}}"},
      {"}]}", "}], commands: {c: {topic: x, reply: {message: m, failed: {is: x}}}}}"},
  };
  const auto json_text = [](const std::string& text) {
    Problems problems;
    return stage::json_of(read_yaml(text, "test.yaml", problems).value());
  };
  Problems none;
  ASSERT_NE(library_of(good, none), nullptr) << none.text();
  ASSERT_EQ(editors.broken_by(json_text(good)), "");
  for (const auto& [part, mistake] : mistakes) {
    std::string bad = good;
    bad.replace(bad.find(part), part.size(), mistake);
    Problems problems;
    EXPECT_EQ(library_of(bad, problems), nullptr) << bad;
    EXPECT_NE(editors.broken_by(json_text(bad)), "") << bad;
  }
}

TEST(Shipped, the_schemas_in_the_documentation_work) {
  const std::string text = stage::text_of(schemas / "README.md");
  const std::string fence = "```yaml\n";
  int count = 0;
  for (std::size_t begin = text.find(fence); begin != std::string::npos; begin = text.find(fence, begin + 1)) {
    const std::size_t from = begin + fence.size();
    Problems problems;
    const auto library = library_of(text.substr(from, text.find("```", from) - from), problems);
    ASSERT_NE(library, nullptr) << problems.text();
    for (const Difference& difference : run_examples(*library)) ADD_FAILURE() << difference.text();
    ++count;
  }
  EXPECT_GE(count, 4);
}

TEST(Shipped, commands_are_never_telemetry) {
  Reader reader(loaded());
  for (const char* topic :
       {"cmnd/kitchen/POWER", "cmnd/kitchen/POWER2", "cmnd/kitchen/POWER", "relay/pump/set", "cmnd/tasmotas/Status",
        "zigbee2mqtt/lamp/set", "zigbee2mqtt/lamp/set/state", "zigbee2mqtt/lamp/get", "zigbee2mqtt/lamp/get/state",
        "zigbee2mqtt/ground floor/lamp/set", "zigbee2mqtt/1/bath/mirror/left/set",
        "zigbee2mqtt/1/bath/mirror/set/state", "zigbee2mqtt/bridge/request/permit_join",
        "zigbee2mqtt/bridge/request/device/ota_update/check"})
    for (const char* payload : {R"({"state":"ON"})", "ON", "21", ""})
      EXPECT_EQ(reader.read(topic, payload), "ignored") << topic;
}

TEST(Shipped, home_takes_bare_values) {
  Reader reader(loaded());
  const std::map<std::string, std::vector<std::string>> taken = {
      {"number", {"20", "-3.5", "+1", "0", "  18.80\n", "55%", "55 %", "21.5 °C", "21.5\u00a0°C", "1013 hPa"}},
      {"number_comma", {"21,5", "-0,25", "21,5 °C", "1,2345"}},
      {"switch", {"ON", "off", "True", "false"}}};
  for (const auto& [schema, values] : taken)
    for (const std::string& value : values)
      EXPECT_EQ(reader.read("Long-Home/Küche/Wert", value), "home/Long-Home/Küche by home/" + schema) << value;
}

TEST(Shipped, home_passes_on_what_is_no_bare_value) {
  Reader reader(loaded());
  for (const char* value : {"",
                            " ",
                            R"({"value":20})",
                            "[20]",
                            "\"20\"",
                            "nan",
                            "inf",
                            "-",
                            "--",
                            "unavailable",
                            "unknown",
                            "1,234.56",
                            "1.234,56",
                            "1,234",
                            "1e5",
                            "0x1F",
                            ".5",
                            "5.",
                            "21.5 furlongs",
                            "20 21",
                            "٢١",
                            "21.5\xb0"
                            "C",
                            "12:30",
                            "2026-03-01"})
    EXPECT_EQ(reader.read("Long-Home/Küche/Wert", value), "unmatched") << value;
  EXPECT_EQ(reader.read("$SYS/broker/uptime", "20"), "unmatched");
  EXPECT_EQ(reader.read("Long-Home/Küche", "20"), "unmatched");
  EXPECT_EQ(reader.read("Long-Home/Küche/Wert/", "20"), "unmatched");
}

TEST(Shipped, a_family_elsewhere_is_left_alone_by_home) {
  Reader reader(loaded());
  EXPECT_EQ(reader.read("stat/kitchen/POWER", "ON"), "tasmota/kitchen by tasmota/switched");
  EXPECT_EQ(reader.read("tele/kitchen/LWT", "Online"), "tasmota/kitchen by tasmota/lwt");
  EXPECT_EQ(reader.read("zigbee2mqtt/lamp/brightness", "254"), "zigbee2mqtt/lamp by zigbee2mqtt/value");
  EXPECT_EQ(reader.read("zigbee2mqtt/lamp/availability", "online"),
            "zigbee2mqtt/lamp by zigbee2mqtt/availability_text");
  EXPECT_EQ(reader.read("zigbee2mqtt/lamp/availability", R"({"state":"online"})"),
            "zigbee2mqtt/lamp by zigbee2mqtt/availability");
}

TEST(Shipped, what_a_family_cannot_read_is_quarantined_not_lost) {
  Reader reader(loaded(), Unmatched::ignore);
  const std::vector<std::pair<std::string, std::string>> broken = {
      {"tele/a/SENSOR", R"({"DHT11":{"Temperature":nan}})"},
      {"tele/a/STATE", "{"},
      {"tele/a/LWT", "perhaps"},
      {"tele/a/RESULT", "{'a':1}"},
      {"tele/a/INFO1", "<html>"},
      {"stat/a/RESULT", "[1,2,]"},
      {"stat/a/STATUS10", R"({"StatusSNS":)"},
      {"zigbee2mqtt/a", "{"},
      {"zigbee2mqtt/a/b", "{"},
      {"zigbee2mqtt/a/availability", "?"},
      {"zigbee2mqtt/bridge/state", "?"},
      {"zigbee2mqtt/bridge/event", "{}"},
      {"currentcost/xml", "<msg>"},
      {"currentcost/xml", ""},
      {"weatherstation/a", "a;a\n\"1;2\n"},
      {"SunFounder MQTT Test", "button is pressed"}};
  for (const auto& [topic, payload] : broken)
    EXPECT_TRUE(reader.read(topic, payload).starts_with("quarantined by "))
        << topic << " " << payload << ": " << reader.read(topic, payload);
}

TEST(Shipped, settings_move_a_family) {
  Reader reader(loaded(std::vector<FamilyUse>{{"zigbee2mqtt", {{"base", {"home/z2m"}}}, {}},
                                              {"tasmota", {{"tele", {"{device}/tele"}}}, {}},
                                              {"home", {{"topic", {"my/{home}/{room}/{quantity}"}}}, {}}}));
  EXPECT_EQ(reader.read("home/z2m/lamp", R"({"state":"ON"})"), "zigbee2mqtt/lamp by zigbee2mqtt/device");
  EXPECT_EQ(reader.read("home/z2m/lamp/set", R"({"state":"ON"})"), "ignored");
  EXPECT_EQ(reader.read("zigbee2mqtt/lamp", R"({"state":"ON"})"), "unmatched");
  EXPECT_EQ(reader.read("kitchen/tele/LWT", "Online"), "tasmota/kitchen by tasmota/lwt");
  EXPECT_EQ(reader.read("my/flat/bath/temperature", "20"), "home/flat/bath by home/number");
  EXPECT_EQ(reader.read("flat/bath/temperature", "20"), "unmatched");
}

TEST(Shipped, tasmota_is_found_under_every_usual_full_topic) {
  Reader reader(loaded());
  for (const char* device : {"kitchen", "house/kitchen", "house/1/kitchen"}) {
    const std::string name = device, sensor = R"({"DHT11":{"Temperature":20}})";
    EXPECT_EQ(reader.read("tele/" + name + "/SENSOR", sensor), "tasmota/" + name + " by tasmota/sensor");
    EXPECT_EQ(reader.read(name + "/tele/SENSOR", sensor), "tasmota/" + name + " by tasmota/sensor");
    EXPECT_EQ(reader.read("stat/" + name + "/POWER", "ON"), "tasmota/" + name + " by tasmota/switched");
    EXPECT_EQ(reader.read(name + "/tele/LWT", "Online"), "tasmota/" + name + " by tasmota/lwt");
  }
}

TEST(Shipped, tasmota_keeps_secrets_at_home) {
  Reader reader(loaded());
  for (const char* secret :
       {"MqttPassword", "WebPassword", "Password1", "Password", "SSId1", "SSId", "IfxToken", "WifiKey"})
    for (const char* topic : {"stat/kitchen/RESULT", "stat/kitchen/CONFIG", "stat/RESULT"})
      EXPECT_EQ(reader.read(topic, "{\"" + std::string(secret) + R"(":"geheim"})"), "ignored") << secret << topic;
  EXPECT_EQ(reader.read("stat/kitchen/RESULT", R"({"MI32Keys":{"0200AABBCCDD":"geheim"}})"), "ignored");
  EXPECT_EQ(reader.read("stat/kitchen/STATUS3", R"({"StatusLOG":{"SSId":["attic","cellar"]}})"), "ignored");
  EXPECT_EQ(reader.read("stat/kitchen/STATUS11", R"({"StatusSTS":{"Wifi":{"SSId":"attic"}}})"), "ignored");
}

TEST(Shipped, what_is_subscribed_to_covers_every_example) {
  const std::vector<std::string> filters = shipped().filters();
  for (const Family& family : shipped().families())
    for (const MessageSchema& message : family.messages)
      for (const Example& example : message.examples)
        EXPECT_TRUE(std::any_of(filters.begin(), filters.end(), [&](const std::string& f) {
          return covers(f, example.topic);
        })) << example.topic;
}

}  // namespace
}  // namespace sluice::normalize
