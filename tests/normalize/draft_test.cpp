#include "gateway/normalize/draft.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "gateway/normalize/draft_words.h"
#include "gateway/normalize/examples.h"
#include "gateway/normalize/library.h"
#include "gateway/normalize/schema.h"

namespace sluice::normalize {
namespace {

using Messages = std::vector<std::pair<std::string, std::string>>;

std::string written(const Messages& messages, const std::string& filter = "#") {
  Draft draft;
  for (const auto& [topic, payload] : messages) draft.add(topic, payload, false);
  const Result<std::string> text = draft.write("mine", filter);
  return text ? *text : text.error().message;
}

/// The schema that comes of these messages; its examples are executed.
std::shared_ptr<const Library> drafted(const Messages& messages, const std::string& filter = "#") {
  const std::string text = written(messages, filter);
  Problems problems;
  auto library = Library::of_text(text, "draft.yaml", problems);
  EXPECT_NE(library, nullptr) << problems.text() << text;
  if (library == nullptr) return nullptr;
  for (const Difference& difference : run_examples(*library)) ADD_FAILURE() << difference.text() << "\n" << text;
  return library;
}

/// "topic format: name=address[unit] ..." of each message.
std::string gist(const Messages& messages, const std::string& filter = "#") {
  std::string out;
  const auto library = drafted(messages, filter);
  for (const MessageSchema& message : library->families()[0].messages) {
    out += (out.empty() ? "" : "\n") + message.topics.at(0).text + " " + std::string(name_of(message.format)) + ":";
    if (message.presence) out += " presence";
    if (message.each) out += " each " + message.each->text;
    if (message.time) out += " time " + message.time->at.text + message.time->format;
    for (const ReadingSchema& reading : message.readings)
      out += " " + reading.name.text + "=" + reading.at.text +
             (reading.unit.text.empty() ? "" : "[" + reading.unit.text + "]");
  }
  return out;
}

TEST(Draft, reads_as_a_person_would_write_it) {
  EXPECT_EQ(written({{"sensors/cellar/climate", R"({"t":21.5,"rh":40,"mode":"eco","level":3})"}}),
            R"(family: mine
title: mine
about: A first draft, guessed from messages. Look at each name and unit before you use it.
messages:
  - name: climate
    topic: "sensors/{device}/climate"
    format: json
    readings:
      temperature: { at: /t, unit: Cel }
      humidity: { at: /rh, unit: "%RH" }
      mode: /mode
      level: /level  # unit?
    examples:
      - topic: sensors/cellar/climate
        payload: '{"t":21.5,"rh":40,"mode":"eco","level":3}'
        event: { device: mine/cellar, readings: { temperature: { value: 21.5, unit: Cel }, humidity: { value: 40, unit: "%RH" }, mode: eco, level: 3 } }
)");
}

TEST(Draft, tells_devices_from_what_they_say) {
  EXPECT_EQ(gist({{"home/kitchen/temperature", "21.5"}, {"home/bath/temperature", "22"}, {"home/bath/humidity", "50"}}),
            "home/{device}/humidity text: humidity=value[%RH]\n"
            "home/{device}/temperature text: temperature=value[Cel]");
  EXPECT_EQ(gist({{"meters/a1", R"({"power":5,"energy":1})"}, {"meters/b2", R"({"power":6,"energy":2,"x":1})"}}),
            "meters/{device} json: power=/power[W] energy=/energy[kWh] x=/x");
  EXPECT_EQ(gist({{"a/b/c", R"({"power":5})"}}, "a/+/+"), "a/{device}/{level3} json: power=/power[W]");
  EXPECT_EQ(gist({{"Only one", "5"}}), "Only one text: only_one=value");
}

TEST(Draft, guesses_formats) {
  EXPECT_EQ(gist({{"w/a/log", "time;temp;hum\n2026-03-01 09:00:00;21,5;40\n"}}),
            "w/{device}/log csv: time time%Y-%m-%d %H:%M:%S temperature=temp[Cel] humidity=hum[%RH]");
  EXPECT_EQ(gist({{"w/a/log", "1,2,x\n"}}), "w/{device}/log csv: column_1=1 column_2=2 column_3=3");
  EXPECT_EQ(gist({{"w/a/log", "<msg><tmpr>21</tmpr><ch id='1'><watts>5</watts></ch></msg>"}}),
            "w/{device}/log xml: temperature=/msg/tmpr[Cel] ch.id=/msg/ch/@id ch.power=/msg/ch/watts[W]");
  EXPECT_EQ(gist({{"w/a/log", "<l><d id='1'><t>5</t></d><d id='2'><t>6</t></d></l>"}}),
            "w/{device}/log xml: each /l/d id=@id temperature=t[Cel]");
  EXPECT_EQ(gist({{"w/a/log", "It is fine, thank you"}}), "w/{device}/log text: log=value");
  EXPECT_EQ(gist({{"w/a/lwt", "Online"}}), "w/{device}/lwt text: presence");
  EXPECT_EQ(gist({{"w/a/lwt", R"({"state":"offline"})"}}), "w/{device}/lwt json: presence");
}

TEST(Draft, knows_times) {
  EXPECT_EQ(gist({{"a/b/c", R"({"ts":1772355600,"x":true})"}}), "a/{device}/c json: time /tsepoch_s x=/x");
  EXPECT_EQ(gist({{"a/b/c", R"({"timestamp":1772355600123,"x":true})"}}),
            "a/{device}/c json: time /timestampepoch_ms x=/x");
  EXPECT_EQ(gist({{"a/b/c", R"({"Time":"2026-03-01T09:00:00","x":true})"}}), "a/{device}/c json: time /Time x=/x");
  EXPECT_EQ(gist({{"a/b/c", R"({"time":12})"}}), "a/{device}/c json: time=/time");
}

TEST(Draft, knows_lists) {
  EXPECT_EQ(gist({{"a/b/c", R"([{"id":"x","t":1},{"id":"y","t":2}])"}}),
            "a/{device}/c json: each  id=/id temperature=/t[Cel]");
  EXPECT_EQ(gist({{"a/b/c", R"({"list":[{"t":1},{"t":2}],"note":"x"})"}}),
            "a/{device}/c json: each /list temperature=/t[Cel]");
  EXPECT_EQ(gist({{"a/b/c", R"({"list":[{"t":1},{"t":2}],"total":5})"}}),
            "a/{device}/c json: list.{n}.temperature=/list/{n}/t[Cel] total=/total");
  EXPECT_EQ(gist({{"a/b/c", R"({"v":[[1,2],[3]]})"}}), "a/{device}/c json: v.{n}.{m}=/v/{n}/{m}");
}

TEST(Draft, lets_several_kinds_of_message_have_one_topic) {
  EXPECT_EQ(gist({{"a/b/c", R"({"power":5})"}, {"a/b/c", "offline"}, {"a/b/c", "rebooting"}}),
            "a/{device}/c json: power=/power[W]\na/{device}/c text: presence\na/{device}/c text: c=value");
}

TEST(Draft, shows_no_example_that_another_message_takes) {
  drafted({{"a/b/c", R"({"power":5,"x":1})"}, {"a/b/c", R"({"y":1})"}, {"a/b/c", "rebooting"}});
}

TEST(Draft, looks_at_so_many_fields_and_no_more) {
  std::string payload = "{\"x0\":0";
  for (int i = 1; i < 300; ++i) payload += ",\"x" + std::to_string(i) + "\":0";
  const auto library = drafted({{"a/b/c", payload + "}"}});
  EXPECT_EQ(library->families()[0].messages[0].readings.size(), 200u);
}

TEST(Draft, masks_secrets) {
  const std::string json =
      written({{"a/b/c", R"({"x":1,"wifi":{"password":"hunter2","ssid":"home"},"apiKey":"hunter2"})"}});
  EXPECT_EQ(json.find("hunter2"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("password":"***")"), std::string::npos) << json;
  EXPECT_EQ(json.find("wifi.password"), std::string::npos) << json;
  for (const char* payload : {"temp=5&PASSKEY=hunter2&x=1", "<a><b>1</b><token>hunter2</token></a>",
                              "id,secret,temp\n1,hunter2,5\n", "password: hunter2"}) {
    const std::string text = written({{"a/b/c", payload}});
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    drafted({{"a/b/c", payload}});
  }
  EXPECT_FALSE(looks_secret("keypad"));
  EXPECT_FALSE(looks_secret("RfKeyCount"));
  EXPECT_TRUE(looks_secret("encryptionKey"));
}

TEST(Draft, holds_whatever_comes) {
  const std::string deep = std::string(60, '[') + "1" + std::string(60, ']');
  drafted({{"a/b/1", deep},
           {"a/b/2", R"({"":1,"{x}":2,"a/b~c":3,"ü ö":4,"ON":5,"# no":6,"a: b":"c: d","null":"null","1e5":"1e5"})"},
           {"a/b/3", R"({"x":"line\nbreak \" ' \\ \u0001 \u2028 \ufeff 😀"})"},
           {"a/b/4", "${setting}"},
           {"a/b/5", ""},
           {"a/b/6", "  "},
           {"a/b/7", std::string("\xff\xfe\0", 3)},
           {"a/b/8", "{\"" + std::string(70'000, 'k') + "\":1}"},
           {"a/b/long", R"({"x":")" + std::string(5000, 'x') + R"(: y","z":1})"},
           {"a/b/text", std::string(5000, 'x') + ": y"},
           {"a/" + std::string(60'000, 't'), "1"},
           {std::string(200, '/'), "1"},
           {"a//9", "1"},
           {"a/'quoted' \"level\"", "1"},
           {"{a}/b", "1"},
           {"$SYS/x", "1"},
           {"a/b/10", R"({"A b":1,"a_b":2,"a-b":3})"},
           {"a/b/11", "0x1F"},
           {"a/b/12", "[]"},
           {"a/b/13", "{}"},
           {"a/b/14", "1e400"},
           {"a/b/15", R"({"temp":9007199254740993,"x":1e5,"y":-0.0})"},
           {"a/b/16", R"({"temp":"nan"})"}});
}

TEST(Draft, takes_no_example_that_looks_like_a_setting) {
  EXPECT_EQ(written({{"a/b/c", "${base} is up"}}).find("${"), std::string::npos);
  drafted({{"a/b/c", "${base} is up"}});
}

TEST(Draft, stays_within_its_limits) {
  Draft::Limits limits;
  limits.topics_max = 3;
  limits.each_topic_max = 2;
  limits.payload_max = 10;
  limits.messages_max = 5;
  Draft draft(limits);
  for (int i = 0; i < 4; ++i) draft.add("a/" + std::to_string(i), "1", false);
  EXPECT_EQ(draft.topics(), 3u);
  for (int i = 0; i < 3; ++i) draft.add("a/0", "2", false);
  EXPECT_EQ(draft.messages(), 4u);
  draft.add("a/1", std::string(11, 'x'), false);
  EXPECT_EQ(draft.messages(), 4u);
  draft.add("a/1", "x", false);
  EXPECT_TRUE(draft.full());
  EXPECT_EQ(draft.passed_over(), 4u);
  EXPECT_FALSE(Draft().write("x", "#"));
}

TEST(Draft, names_its_family_by_the_topic) {
  Draft draft;
  draft.add("Garden Shed/a/b", R"({"x":1})", false);
  EXPECT_TRUE(draft.write("", "#")->starts_with("family: garden_shed\n"));
  EXPECT_FALSE(draft.write("No Name", "#"));
}

TEST(Words, of_devices_become_those_of_the_vocabulary) {
  const auto guess = [](const char* word, double low = 10, double high = 20) {
    const Quantity quantity = quantity_of(word, low, high);
    return quantity.name + " " + quantity.unit;
  };
  EXPECT_EQ(guess("Temperature"), "temperature Cel");
  EXPECT_EQ(guess("temperature_F"), "temperature [degF]");
  EXPECT_EQ(guess("tempC"), "temperature Cel");
  EXPECT_EQ(guess("batteryLevel"), "battery %EL");
  EXPECT_EQ(guess("battery", 2.8, 3.1), "voltage V");
  EXPECT_EQ(guess("voltage", 2900, 3000), "voltage mV");
  EXPECT_EQ(guess("pressure", 100'000, 101'000), "pressure Pa");
  EXPECT_EQ(guess("rain_mm"), "rain mm");
  EXPECT_EQ(guess("wind_avg_km_h"), "wind_avg km/h");
  EXPECT_EQ(guess("rssi", -70, -60), "rssi dBm");
  EXPECT_EQ(guess("Strange Thing"), "strange_thing ");
}

}  // namespace
}  // namespace sluice::normalize
