// Messages, methods and the twin, as the hub's pages say them; before any network.
#include <gtest/gtest.h>

#include "connectors/azure_iot_hub/azure_iot_hub.h"
#include "connectors/azure_iot_hub/hub_downlink.h"
#include "connectors/azure_iot_hub/json_member.h"
#include "connectors/azure_iot_hub/property_bag.h"
#include "gateway/core/time_text.h"
#include "tests/stage/fake_clock.h"

namespace sluice::azure_iot_hub {
namespace {

using cloud_mqtt::Arrival;
using cloud_mqtt::Downlink;
using cloud_mqtt::Outgoing;

struct Hub : testing::Test {
  Hub() { downlink->connected(); }

  Downlink::Heard hear(const std::string& topic, const std::string& payload, Duration age = Duration(0)) {
    Arrival arrival;
    arrival.topic = topic;
    arrival.payload = payload;
    arrival.age = age;
    return downlink->hear(arrival);
  }
  /// Hears it, and stores it.
  CommandMessage take(const std::string& topic, const std::string& payload, std::vector<CommandAnswer> answers = {}) {
    const Downlink::Heard heard = hear(topic, payload);
    if (!heard.command) return {};
    downlink->accepted(*heard.command, answers);
    return *heard.command;
  }
  std::optional<Outgoing> tell(const std::string& reply_to, const CommandAnswer& answer) {
    auto told = downlink->tell(reply_to, answer);
    if (auto* outgoing = std::get_if<Outgoing>(&told)) return std::move(*outgoing);
    verdict = std::get<Verdict>(told);
    return std::nullopt;
  }
  static CommandAnswer answer(CommandState state, int status, const std::string& text, bool ended = true) {
    CommandAnswer made;
    made.id = "an id";
    made.state = state;
    made.ended = ended;
    made.status = status;
    made.text = text;
    return made;
  }
  std::string ask_for_twin() {
    for (const Outgoing& each : downlink->due())
      if (each.topic.starts_with("$iothub/twin/GET/?$rid=")) return each.topic.substr(23);
    return {};
  }

  stage::FakeClock clock;
  std::unique_ptr<Downlink> downlink = hub_downlink("home-pi", std::chrono::seconds(25))(clock);
  Verdict verdict;
};

TEST_F(Hub, TakesFourOfFiveSubscriptions) {
  std::string all;
  for (const cloud_mqtt::Subscription& each : downlink->subscriptions())
    all += each.filter + " " + std::to_string(each.qos) + "\n";
  EXPECT_EQ(all,
            "devices/home-pi/messages/devicebound/# 1\n"
            "$iothub/methods/POST/# 0\n"
            "$iothub/twin/res/# 0\n"
            "$iothub/twin/PATCH/properties/desired/# 0\n");
}

TEST_F(Hub, AMessageIsOneCommandAndHasNobodyToTell) {
  const Downlink::Heard heard =
      hear("devices/home-pi/messages/devicebound/%24.mid=1&%24.to=%2Fdevices%2Fhome-pi", R"({"id":"a"})", Duration(7));
  ASSERT_TRUE(heard.command);
  EXPECT_EQ(heard.command->form, CommandMessage::Form::command);
  EXPECT_EQ(heard.command->text, R"({"id":"a"})");
  EXPECT_EQ(heard.command->age, Duration(7));
  EXPECT_EQ(heard.command->reply_to, "");
  EXPECT_FALSE(heard.command->expires_in);
  EXPECT_FALSE(downlink->refuse(*heard.command, answer(CommandState::rejected, 503, "{}"))) << "it must come again";
  EXPECT_TRUE(downlink->keeps_without_session());
}

TEST_F(Hub, TheExpiryOfAMessageCountsByARightClock) {
  const std::string topic =
      "devices/home-pi/messages/devicebound/?$.mid=1&$.exp=2026-03-01T10%3A00%3A30.1234567%2B01%3A00&empty";
  EXPECT_EQ(hear(topic, "{}").command->expires_in, Duration(30123)) << "it is 09:00 UTC";
  clock.advance(std::chrono::seconds(40));
  EXPECT_EQ(hear(topic, "{}").command->expires_in, Duration(-9877));
  clock.set_synced(false);
  EXPECT_FALSE(hear(topic, "{}").command->expires_in);
  EXPECT_FALSE(hear("devices/home-pi/messages/devicebound/$.exp=soon", "{}").remark.empty());
}

TEST_F(Hub, AMethodIsAnsweredWithItsEnd) {
  const CommandMessage message = take("$iothub/methods/POST/power/?$rid=2f", R"({"device":"a/b"})",
                                      {answer(CommandState::sent, 202, "{}", false)});
  EXPECT_EQ(message.form, CommandMessage::Form::method);
  EXPECT_EQ(message.name, "power");
  EXPECT_EQ(message.text, R"({"device":"a/b"})");
  EXPECT_EQ(message.age, Duration(0));
  EXPECT_TRUE(downlink->busy());
  EXPECT_FALSE(tell(message.reply_to, answer(CommandState::sent, 202, "{}", false))) << "not its end";
  const std::optional<Outgoing> response = tell(message.reply_to, answer(CommandState::failed, 502, R"({"a":1})"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->topic, "$iothub/methods/res/502/?$rid=2f");
  EXPECT_EQ(response->payload, R"({"a":1})");
  EXPECT_EQ(response->qos, 0);
  EXPECT_FALSE(downlink->busy());
  EXPECT_FALSE(tell(message.reply_to, answer(CommandState::failed, 502, "{}"))) << "a call is answered once";
  EXPECT_EQ(verdict.outcome, Outcome::accepted);
}

TEST_F(Hub, AMethodThatHasEndedIsAnsweredAtOnce) {
  const CommandMessage message =
      take("$iothub/methods/POST/power/?$rid=1", "", {answer(CommandState::rejected, 403, R"({"reason":"no"})")});
  const std::vector<Outgoing> due = downlink->due();
  ASSERT_FALSE(due.empty());
  EXPECT_EQ(due[0].topic, "$iothub/methods/res/403/?$rid=1");
  EXPECT_EQ(due[0].payload, R"({"reason":"no"})");
  EXPECT_FALSE(tell(message.reply_to, answer(CommandState::rejected, 403, "{}")));
  EXPECT_EQ(verdict.outcome, Outcome::accepted);
}

TEST_F(Hub, AMethodThatTakesLongIsOnItsWay) {
  const CommandMessage message =
      take("$iothub/methods/POST/power/?$rid=1", "", {answer(CommandState::accepted, 202, R"({"id":"x"})", false)});
  ask_for_twin();
  clock.advance(std::chrono::milliseconds(24'999));
  EXPECT_TRUE(downlink->due().empty());
  clock.advance(Duration(1));
  const std::vector<Outgoing> due = downlink->due();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].topic, "$iothub/methods/res/202/?$rid=1");
  EXPECT_EQ(due[0].payload, R"({"id":"x"})");
  EXPECT_FALSE(tell(message.reply_to, answer(CommandState::succeeded, 200, "{}")));
  EXPECT_EQ(verdict.outcome, Outcome::accepted);
}

TEST_F(Hub, ACallOfAnotherConnectionIsNotAnswered) {
  const CommandMessage before = take("$iothub/methods/POST/power/?$rid=1", "");
  downlink->connected();
  const CommandMessage now = take("$iothub/methods/POST/power/?$rid=1", "");
  EXPECT_NE(before.reply_to, now.reply_to);
  EXPECT_FALSE(tell(before.reply_to, answer(CommandState::succeeded, 200, "{}"))) << "the same id, another call";
  EXPECT_EQ(verdict.outcome, Outcome::accepted);
  EXPECT_TRUE(tell(now.reply_to, answer(CommandState::succeeded, 200, "{}")));
}

TEST_F(Hub, AMethodThatCannotBeStoredIsRefusedAtOnce) {
  const Downlink::Heard heard = hear("$iothub/methods/POST/power/?$rid=1", "");
  ASSERT_TRUE(heard.command);
  const std::optional<Outgoing> response = downlink->refuse(*heard.command, answer(CommandState::rejected, 503, "{}"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->topic, "$iothub/methods/res/503/?$rid=1");
  EXPECT_FALSE(downlink->busy());
}

TEST_F(Hub, MethodsAreBounded) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(hear("$iothub/methods/POST/power/?$rid=" + std::to_string(i), "").command);
  EXPECT_FALSE(hear("$iothub/methods/POST/power/?$rid=more", "").command);
  EXPECT_EQ(downlink->due().at(0).topic, "$iothub/methods/res/429/?$rid=more");
  EXPECT_EQ(hear("$iothub/methods/POST/power/", "").command, std::nullopt);
  EXPECT_EQ(hear("$iothub/methods/POST/power/?$rid=a+b", "").command, std::nullopt);
}

TEST_F(Hub, WhatIsTooLargeIsCut) {
  const std::string large(command_bytes_max + 9, ' ');
  EXPECT_EQ(hear("$iothub/methods/POST/power/?$rid=1", large).command->text.size(), command_bytes_max + 1);
  EXPECT_EQ(hear("devices/home-pi/messages/devicebound/", large).command->text.size(), command_bytes_max + 1);
}

TEST_F(Hub, TheTwinIsAskedForAfterEachConnection) {
  const std::string rid = ask_for_twin();
  ASSERT_FALSE(rid.empty());
  EXPECT_EQ(ask_for_twin(), "") << "once";
  const CommandMessage message =
      take("$iothub/twin/res/200/?$rid=" + rid, R"( {"reported":{"desired":{"$version":1},"$version":8}, "desired" :)"
                                                R"({"a/b":{"power":{"state":"}\"ON"}},"$version":5}} )");
  EXPECT_EQ(message.form, CommandMessage::Form::settings);
  EXPECT_EQ(message.text, R"({"a/b":{"power":{"state":"}\"ON"}},"$version":5})");
  EXPECT_EQ(message.id, "5");
  EXPECT_EQ(message.age, Duration(0));
  downlink->connected();
  const std::string again = ask_for_twin();
  ASSERT_FALSE(again.empty());
  EXPECT_NE(again, rid);
  EXPECT_FALSE(hear("$iothub/twin/res/200/?$rid=" + again, R"({"desired":{"$version":5}})").command) << "known";
}

TEST_F(Hub, ATwinThatWasNotStoredCountsAsNotHandedOn) {
  const std::string body = R"({"desired":{"$version":5},"reported":{}})";
  const Downlink::Heard heard = hear("$iothub/twin/res/200/?$rid=" + ask_for_twin(), body);
  ASSERT_TRUE(heard.command);
  EXPECT_FALSE(downlink->refuse(*heard.command, answer(CommandState::rejected, 503, "{}")))
      << "a new connection asks again";
  downlink->connected();
  EXPECT_TRUE(hear("$iothub/twin/res/200/?$rid=" + ask_for_twin(), body).command);
}

TEST_F(Hub, AChangeLeadsToTheWholeTwin) {
  take("$iothub/twin/res/200/?$rid=" + ask_for_twin(), R"({"desired":{"$version":5}})");
  EXPECT_FALSE(
      hear("$iothub/twin/PATCH/properties/desired/?$version=6", R"({"a/b":{"set":{"y":2}},"$version":6})").command)
      << "half of its params, perhaps";
  const CommandMessage message =
      take("$iothub/twin/res/200/?$rid=" + ask_for_twin(), R"({"desired":{"a/b":{"set":{"x":1,"y":2}},"$version":6}})");
  EXPECT_EQ(message.form, CommandMessage::Form::settings);
  EXPECT_EQ(message.id, "6");
  EXPECT_EQ(message.text, R"({"a/b":{"set":{"x":1,"y":2}},"$version":6})");
  for (const std::string known : {"6", "4"}) {
    hear("$iothub/twin/PATCH/properties/desired/?$version=" + known, "{}");
    EXPECT_EQ(ask_for_twin(), "") << known;
  }
}

TEST_F(Hub, AChangeThatOvertakesTheTwinLosesNothing) {
  const std::string rid = ask_for_twin();
  EXPECT_FALSE(hear("$iothub/twin/PATCH/properties/desired/?$version=7", R"({"a/b":{}})").command);
  EXPECT_EQ(ask_for_twin(), "") << "one question at a time";
  EXPECT_EQ(take("$iothub/twin/res/200/?$rid=" + rid, R"({"desired":{"$version":6}})").id, "6");
  const std::string again = ask_for_twin();
  ASSERT_FALSE(again.empty()) << "the change was not in that answer";
  EXPECT_FALSE(hear("$iothub/twin/res/200/?$rid=" + again, R"({"desired":{"$version":6}})").command) << "known";
  EXPECT_EQ(ask_for_twin(), "") << "no storm of questions";
  clock.advance(std::chrono::seconds(1));
  const std::string last = ask_for_twin();
  ASSERT_FALSE(last.empty());
  EXPECT_EQ(take("$iothub/twin/res/200/?$rid=" + last, R"({"desired":{"$version":7}})").id, "7");
  EXPECT_EQ(ask_for_twin(), "");
}

TEST_F(Hub, NamesInSettingsAreWrittenAsTheyAreReported) {
  const std::string told =
      tell("twin 5", answer(CommandState::sent, 200, R"({"device":"a/K 1.$","command":"c%2"})"))->payload;
  const std::string written(*json_member(told, "sluice"));
  EXPECT_EQ(written.substr(0, written.find(R"("id")")), R"({"a/K%201%2E%24":{"c%252":{)");
  const CommandMessage message =
      take("$iothub/twin/res/200/?$rid=" + ask_for_twin(),
           R"({"desired":{ "a/K%201%2E%24" : {"c%252":{"p%20q":"%41"}, "d":null},"x":5,"100%":[{}],"$version":5}})");
  EXPECT_EQ(message.text, R"({"a/K 1.$":{"c%2":{"p%20q":"%41"},"d":null},"x":5,"100%":[{}],"$version":5})");
}

TEST_F(Hub, ATwinThatIsNotAnsweredIsAskedForAgain) {
  const std::string rid = ask_for_twin();
  EXPECT_FALSE(hear("$iothub/twin/res/429/?$rid=" + rid, "").command);
  EXPECT_EQ(ask_for_twin(), "");
  clock.advance(std::chrono::seconds(30));
  EXPECT_NE(ask_for_twin(), "");
}

TEST_F(Hub, OutcomesOfSettingsAreReported) {
  const std::string text = R"({"id":"an id","device":"a/K\u00fc 1.$","command":"power","reason":"it \"said\" so"})";
  const std::optional<Outgoing> report = tell("twin 5", answer(CommandState::failed, 502, text));
  ASSERT_TRUE(report);
  ASSERT_TRUE(report->topic.starts_with("$iothub/twin/PATCH/properties/reported/?$rid=")) << report->topic;
  EXPECT_EQ(report->payload,
            R"({"sluice":{"a/K)"
            "\xc3\xbc"
            R"(%201%2E%24":{"power":{"id":"an id","outcome":"failed","reason":"it \"said\" so","version":5}}}})");
  EXPECT_EQ(report->qos, 0);
  EXPECT_TRUE(report->awaits_arrival);
  const std::string rid = report->topic.substr(45);
  EXPECT_EQ(hear("$iothub/twin/res/204/?$rid=other&$version=3", "").told, std::nullopt);
  const Downlink::Heard heard = hear("$iothub/twin/res/204/?$rid=" + rid + "&$version=3", "");
  ASSERT_TRUE(heard.told);
  EXPECT_EQ(heard.told->outcome, Outcome::accepted);
}

TEST_F(Hub, NamesOfPropertiesHoldNoControlCharacters) {
  const std::string text = R"({"device":"a/\u0085b\u0001\u00c5","command":"c%"})";
  EXPECT_EQ(tell("twin 5", answer(CommandState::sent, 200, text))->payload,
            R"({"sluice":{"a/%C2%85b%01)"
            "\xc3\x85"
            R"(":{"c%25":{"id":"an id","outcome":"sent","reason":null,"version":5}}}})");
}

TEST_F(Hub, ASettingWithoutADeviceIsReportedToo) {
  EXPECT_EQ(tell("twin 5", answer(CommandState::rejected, 400, R"({"reason":"no object"})"))->payload,
            R"({"sluice":{"refused":{"id":"an id","outcome":"rejected","reason":"no object","version":5}}})");
}

struct Reply {
  int status;
  Outcome outcome;
};
class Reported : public Hub, public testing::WithParamInterface<Reply> {};

TEST_P(Reported, ByStatus) {
  const std::string rid = tell("twin 5", answer(CommandState::sent, 200, "{}"))->topic.substr(45);
  const Downlink::Heard heard = hear("$iothub/twin/res/" + std::to_string(GetParam().status) + "/?$rid=" + rid, "");
  ASSERT_TRUE(heard.told);
  EXPECT_EQ(heard.told->outcome, GetParam().outcome);
}

INSTANTIATE_TEST_SUITE_P(Statuses, Reported,
                         testing::Values(Reply{204, Outcome::accepted}, Reply{400, Outcome::rejected},
                                         Reply{429, Outcome::deferred}, Reply{500, Outcome::deferred}));

TEST(JsonMember, FindsWhatIsThere) {
  EXPECT_EQ(json_member(R"({"a":[1,{"b":2}],"b":{"c":"}"}, "d":-1.5e3 })", "b"), R"({"c":"}"})");
  EXPECT_EQ(json_member(R"({"a":[1,{"b":2}],"b":{"c":"}"}, "d":-1.5e3 })", "d"), "-1.5e3");
  EXPECT_EQ(json_member(R"({"b":1,"\u0062":2})", "b"), "2");
  EXPECT_EQ(json_text_member(R"({"b":"\u00e9"})", "b"), "\xc3\xa9");
  EXPECT_EQ(json_text_member(R"({"b":1})", "b"), "");
}

TEST(JsonMember, FindsNothingInWhatIsBroken) {
  for (const std::string text :
       {"", "{", "{}", "[]", R"({"b")", R"({"b":)", R"({"b":1)", R"({"b":1,})", R"({"b":1}x)", R"({"b":[1}})",
        R"({"b":{]})", R"({b:1})", R"({"b":"\x"})", R"({"a":1})", R"({"b":}})"})
    EXPECT_FALSE(json_member(text, "b")) << text;
  EXPECT_FALSE(json_member(R"({"b":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}", "b"));
}

TEST(PropertyBag, IsReadAsAHubWritesIt) {
  EXPECT_EQ(property("?prop1&prop2=&prop3=a%20string", "prop3"), "a string");
  EXPECT_EQ(property("?prop1&prop2=&prop3=a%20string", "prop2"), "");
  EXPECT_EQ(property("?prop1&prop2=&prop3=a%20string", "prop1"), std::nullopt);
  EXPECT_EQ(property("%24.mid=a%2Fb&x=%", "$.mid"), "a/b");
  EXPECT_EQ(property("x=%4", "x"), "%4");
  EXPECT_EQ(raw_property("$rid=%41&y=1", "$rid"), "%41");
  EXPECT_EQ(property("", "x"), std::nullopt);
}

TEST(Preset, BringsCommandsWhenItIsToldTo) {
  Options options;
  options.key = "cGFzc3dvcmQ=";
  EXPECT_FALSE(mqtt_options(options)->downlink);
  options.downlink = true;
  EXPECT_TRUE(mqtt_options(options)->downlink);
}

}  // namespace
}  // namespace sluice::azure_iot_hub
