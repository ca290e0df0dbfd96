#include "connectors/webhook/answered_commands.h"

#include <gtest/gtest.h>

#include "tests/webhook/command_stage.h"

namespace sluice::webhook {
namespace {

constexpr const char* with_commands = R"({"ok":true,"commands":[{"id":"c-1"}]})";

Answer answer_of(std::string type, std::string body) {
  return {.status = 200, .body = std::move(body), .retry_after = {}, .location = {}, .content_type = std::move(type)};
}

HttpPeer::Answer say(int status, std::string body, std::string type = "application/json") {
  return [=](const Seen&) { return Reply{status, body, {{"Content-Type", type}}}; };
}

TEST(HoldsCommands, AsksForJson) {
  for (const char* type : {"application/json", "application/json; charset=utf-8", "Application/JSON ;x=y",
                           "application/vnd.example+json", "application/problem+json"})
    EXPECT_TRUE(holds_commands(answer_of(type, with_commands))) << type;
  for (const char* type : {"", "text/plain", "text/html", "application/jsonp", "application/x-ndjson", "text/x+json"})
    EXPECT_FALSE(holds_commands(answer_of(type, with_commands))) << type;
}

TEST(HoldsCommands, AsksForTheMemberOfTheObject) {
  for (const char* body : {R"({"commands":[]})", " \r\n\t{ \"commands\" : null}", R"({"a":{"b":[1,2]},"commands":1})",
                           R"({"a":"}","\u0063ommands":1})", R"({"a":"\"","commands":1})"})
    EXPECT_TRUE(holds_commands(answer_of("application/json", body))) << body;
  for (const char* body : {"", "[]", "null", "{", "{}", R"("commands":1)", R"(["commands"])", R"({"a":"commands"})",
                           R"({"a":{"commands":1}})", R"({"a":["commands"]})", R"([{"commands":1}])",
                           R"({"Commands":1})", R"({"a":1}{"commands":1})", R"({"a":"commands)", R"({"commands"})"})
    EXPECT_FALSE(holds_commands(answer_of("application/json", body))) << body;
}

TEST(AnsweredCommands, AreHandedOn) {
  HttpPeer peer(say(200, with_commands));
  for (const bool polls : {false, true}) {
    RecordingAcceptor acceptor;
    Sender sender(peer.port());
    sender.options.downlink = Downlink{};
    sender.options.downlink->in_answers = true;
    if (polls) sender.options.downlink->poll = poll_url(peer.port());
    ASSERT_NE(sender.ready(), nullptr);
    sender.sink->open(acceptor);
    EXPECT_EQ(outcomes(sender.deliver(make_records(3))), "aaa");
    ASSERT_EQ(acceptor.messages().size(), 1U);
    EXPECT_EQ(acceptor.origins()[0], "hooks");
    EXPECT_EQ(acceptor.messages()[0].form, CommandMessage::Form::commands);
    EXPECT_EQ(acceptor.messages()[0].text, with_commands);
    EXPECT_EQ(acceptor.messages()[0].reply_to, polls ? "poll" : "");
    EXPECT_TRUE(sender.log.lines().empty());
  }
}

TEST(AnsweredCommands, CountOnlyWhereTheyAreWanted) {
  HttpPeer peer(say(200, with_commands));
  RecordingAcceptor acceptor;
  Sender without(peer.port()), polling(peer.port());
  polling.options.downlink = Downlink{};
  polling.options.downlink->poll = poll_url(peer.port());
  for (Sender* sender : {&without, &polling}) {
    ASSERT_NE(sender->ready(), nullptr);
    sender->sink->open(acceptor);
    EXPECT_EQ(outcomes(sender->deliver(make_records(3))), "aaa");
  }
  EXPECT_TRUE(acceptor.messages().empty());
}

struct Listening {
  explicit Listening(int port, RecordingAcceptor& acceptor) : sender(port) {
    sender.options.downlink = Downlink{};
    sender.options.downlink->in_answers = true;
    SLUICE_ASSERT(sender.ready() != nullptr);
    sender.sink->open(acceptor);
  }
  Sender sender;
};

TEST(AnsweredCommands, CountOnlyInAnAcceptance) {
  for (const int status : {400, 401, 403, 409, 422, 500, 503}) {
    HttpPeer peer(say(status, with_commands));
    RecordingAcceptor acceptor;
    Listening listening(peer.port(), acceptor);
    listening.sender.deliver(make_records(2));
    EXPECT_TRUE(acceptor.messages().empty()) << status;
  }
}

TEST(AnsweredCommands, NeverChangeAVerdict) {
  HttpPeer peer(say(200, with_commands));
  RecordingAcceptor acceptor(RecordingAcceptor::nothing_durable);
  Listening listening(peer.port(), acceptor);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcomes(listening.sender.deliver(make_records(3))), "aaa");
  EXPECT_EQ(acceptor.messages().size(), 3U);
  ASSERT_EQ(listening.sender.log.lines().size(), 1U);
  EXPECT_TRUE(listening.sender.log.contains("the disk is full"));
}

TEST(AnsweredCommands, AreNotTakenFromHalfAnAnswer) {
  const auto answer = [](std::size_t size) {
    std::string body = R"({"commands":[]})";
    return body.insert(1, size - body.size(), ' ');
  };
  HttpPeer peer(say(200, answer(64 * 1024 - 1)));
  RecordingAcceptor acceptor;
  Listening listening(peer.port(), acceptor);
  EXPECT_EQ(outcomes(listening.sender.deliver(make_records(1))), "a");
  EXPECT_EQ(acceptor.messages().size(), 1U);
  peer.answer_with(say(200, answer(64 * 1024 + 1)));
  EXPECT_EQ(outcomes(listening.sender.deliver(make_records(1))), "a");
  EXPECT_EQ(acceptor.messages().size(), 1U);
  EXPECT_TRUE(listening.sender.log.contains("none of them is taken"));
}

TEST(AnsweredCommands, AreHandedOnAnswerByAnswer) {
  int count = 0;
  HttpPeer peer([&](const Seen&) { return say(++count == 3 ? 503 : 200, with_commands)({}); });
  RecordingAcceptor acceptor;
  Listening listening(peer.port(), acceptor);
  listening.sender.sink.reset();
  listening.sender.options.format = Format::cloudevents;
  listening.sender.ready()->open(acceptor);
  EXPECT_EQ(outcomes(listening.sender.deliver(make_records(5))), "aaddd");
  EXPECT_EQ(acceptor.messages().size(), 2U);
}

}  // namespace
}  // namespace sluice::webhook
