#include "connectors/webhook/webhook_sink.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "connectors/transport/base64.h"
#include "tests/webhook/peers.h"

namespace sluice::webhook {
namespace {

using nlohmann::json;

constexpr const char* secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

HttpPeer::Answer always(int status, std::string body = {}) {
  return [=](const Seen&) { return Reply{status, body, {}}; };
}

std::vector<int> numbers_in(const std::string& body) {
  std::vector<int> numbers;
  for (const json& event : json::parse(body)) numbers.push_back(event["data"]["n"]);
  return numbers;
}

/// Refuses every batch that holds one of `bad`.
HttpPeer::Answer refuse_if_it_holds(std::vector<int> bad, int status = 422) {
  return [=](const Seen& seen) {
    for (const int n : numbers_in(seen.body))
      if (std::find(bad.begin(), bad.end(), n) != bad.end())
        return Reply{status, "cannot take " + std::to_string(n), {}};
    return Reply{};
  };
}

/// The records that were in accepted requests, in order.
std::vector<int> accepted_numbers(const HttpPeer& peer, const HttpPeer::Answer& answer) {
  std::vector<int> all;
  for (const Seen& seen : peer.seen())
    if (answer(seen).status < 300)
      for (const int n : numbers_in(seen.body)) all.push_back(n);
  return all;
}

TEST(WebhookSink, SendsABatchWithItsHeaders) {
  HttpPeer peer;
  Sender sender(peer.port());
  const auto records = make_records(3);
  EXPECT_EQ(outcomes(sender.deliver(records)), "aaa");
  ASSERT_EQ(peer.seen().size(), 1U);
  const Seen seen = peer.seen()[0];
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/events?code=query-secret");
  EXPECT_EQ(seen.header("host"), "127.0.0.1:" + std::to_string(peer.port()));
  EXPECT_EQ(seen.header("content-type"), "application/cloudevents-batch+json");
  EXPECT_EQ(seen.header("user-agent"), "sluice/0.0.0");
  EXPECT_EQ(seen.header("content-encoding"), "(none)");
  EXPECT_EQ(seen.header("authorization"), "(none)");
  EXPECT_EQ(seen.header("webhook-signature"), "(none)");
  EXPECT_EQ(seen.header("idempotency-key").front(), '"');
  EXPECT_EQ(numbers_in(seen.body), (std::vector<int>{0, 1, 2}));
}

TEST(WebhookSink, NothingToDeliverIsNoRequest) {
  HttpPeer peer;
  Sender sender(peer.port());
  EXPECT_TRUE(sender.deliver({}).empty());
  EXPECT_TRUE(peer.seen().empty());
}

TEST(WebhookSink, SendsOneEventARequest) {
  HttpPeer peer;
  Sender sender(peer.port());
  sender.options.format = Format::cloudevents;
  const auto records = make_records(3);
  EXPECT_EQ(outcomes(sender.deliver(records)), "aaa");
  ASSERT_EQ(peer.seen().size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Seen seen = peer.seen()[i];
    EXPECT_EQ(seen.header("content-type"), "application/cloudevents+json");
    EXPECT_EQ(json::parse(seen.body)["id"], records[i].id.text());
    EXPECT_EQ(seen.header("idempotency-key"), '"' + records[i].id.text() + '"');
  }
}

TEST(WebhookSink, SendsLines) {
  HttpPeer peer;
  Sender sender(peer.port());
  sender.options.format = Format::ndjson;
  EXPECT_EQ(outcomes(sender.deliver(make_records(3))), "aaa");
  ASSERT_EQ(peer.seen().size(), 1U);
  EXPECT_EQ(peer.seen()[0].header("content-type"), "application/x-ndjson");
  const std::string body = peer.seen()[0].body;
  EXPECT_EQ(std::count(body.begin(), body.end(), '\n'), 3);
}

TEST(WebhookSink, KeepsOneConnectionAlive) {
  HttpPeer peer;
  Sender sender(peer.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(outcomes(sender.deliver(make_records(2))), "aa");
  EXPECT_EQ(peer.seen().size(), 20U);
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(WebhookSink, RequestsKeepTheirLimit) {
  HttpPeer peer;
  Sender sender(peer.port());
  sender.options.batch_bytes_max = 2000;
  EXPECT_EQ(outcomes(sender.deliver(make_records(20))), std::string(20, 'a'));
  EXPECT_GT(peer.seen().size(), 1U);
  for (const Seen& seen : peer.seen()) EXPECT_LE(seen.body.size(), 2000U);
  EXPECT_EQ(accepted_numbers(peer, always(200)).size(), 20U);
}

TEST(WebhookSink, ShowsItsCredentials) {
  HttpPeer peer;
  Sender bearer(peer.port());
  bearer.options.bearer = "token-1";
  bearer.options.headers = {{"X-Functions-Key", "key-1"}, {"user-agent", "mine"}};
  EXPECT_EQ(outcomes(bearer.deliver(make_records(1))), "a");
  Sender basic(peer.port());
  basic.options.username = "Aladdin";
  basic.options.password = "open sesame";
  EXPECT_EQ(outcomes(basic.deliver(make_records(1))), "a");
  ASSERT_EQ(peer.seen().size(), 2U);
  EXPECT_EQ(peer.seen()[0].header("authorization"), "Bearer token-1");
  EXPECT_EQ(peer.seen()[0].header("x-functions-key"), "key-1");
  EXPECT_EQ(peer.seen()[0].header("user-agent"), "mine");
  EXPECT_EQ(peer.seen()[0].headers.count("user-agent"), 1U);
  EXPECT_EQ(peer.seen()[1].header("authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617 section 2
}

TEST(WebhookSink, SignsEachAttemptAnewUnderOneName) {
  HttpPeer peer(always(503));
  Sender sender(peer.port());
  sender.options.signing_secret = secret;
  const auto records = make_records(3);
  sender.deliver(records);
  sender.clock.advance(std::chrono::seconds(90));
  sender.deliver(records);
  ASSERT_EQ(peer.seen().size(), 2U);
  const Seen first = peer.seen()[0], second = peer.seen()[1];
  EXPECT_EQ(first.header("webhook-id"), second.header("webhook-id"));
  EXPECT_EQ(first.header("idempotency-key"), '"' + first.header("webhook-id") + '"');
  EXPECT_EQ(first.header("idempotency-key"), second.header("idempotency-key"));
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(first.header("webhook-timestamp"), "1772355600");
  EXPECT_EQ(second.header("webhook-timestamp"), "1772355690");
  for (const Seen& seen : {first, second})
    EXPECT_EQ(seen.header("webhook-signature"), signature(*signing_key(secret), seen.header("webhook-id"),
                                                          std::stoll(seen.header("webhook-timestamp")), seen.body));
}

struct Row {
  int status;
  const char* outcomes;
};
class AnswerTable : public testing::TestWithParam<Row> {};

TEST_P(AnswerTable, GivesTheVerdict) {
  HttpPeer peer(always(GetParam().status, "the reason"));
  Sender sender(peer.port());
  const auto verdicts = sender.deliver(make_records(2));
  EXPECT_EQ(outcomes(verdicts), GetParam().outcomes);
  for (const Verdict& verdict : verdicts) {
    if (verdict.outcome == Outcome::accepted) continue;
    EXPECT_NE(verdict.reason.find(std::to_string(GetParam().status)), std::string::npos) << verdict.reason;
    EXPECT_NE(verdict.reason.find("http://127.0.0.1"), std::string::npos) << verdict.reason;
    EXPECT_EQ(verdict.reason.find("query-secret"), std::string::npos) << verdict.reason;
  }
}

INSTANTIATE_TEST_SUITE_P(All, AnswerTable,
                         testing::Values(Row{200, "aa"}, Row{201, "aa"}, Row{202, "aa"}, Row{204, "aa"}, Row{299, "aa"},
                                         Row{300, "pp"}, Row{301, "pp"}, Row{302, "pp"}, Row{304, "pp"}, Row{307, "pp"},
                                         Row{308, "pp"}, Row{400, "rr"}, Row{401, "pp"}, Row{402, "pp"}, Row{403, "pp"},
                                         Row{404, "pp"}, Row{405, "pp"}, Row{408, "dd"}, Row{409, "dd"}, Row{410, "pp"},
                                         Row{413, "rr"}, Row{415, "pp"}, Row{418, "pp"}, Row{422, "rr"}, Row{425, "dd"},
                                         Row{429, "dd"}, Row{500, "dd"}, Row{502, "dd"}, Row{503, "dd"}, Row{504, "dd"},
                                         Row{599, "dd"}),
                         [](const auto& row) { return std::to_string(row.param.status); });

TEST(WebhookSink, DoesNotFollowARedirect) {
  HttpPeer other;
  const std::string target = "http://127.0.0.1:" + std::to_string(other.port()) + "/there";
  HttpPeer peer([&](const Seen&) { return Reply{307, "", {{"Location", target + "?k=hidden"}}}; });
  Sender sender(peer.port());
  const auto verdicts = sender.deliver(make_records(1));
  EXPECT_EQ(outcomes(verdicts), "p");
  EXPECT_NE(verdicts[0].reason.find(target), std::string::npos) << verdicts[0].reason;
  EXPECT_EQ(verdicts[0].reason.find("hidden"), std::string::npos) << verdicts[0].reason;
  EXPECT_TRUE(other.seen().empty());
}

TEST(WebhookSink, ObeysRetryAfter) {
  HttpPeer peer([](const Seen&) { return Reply{429, "", {{"Retry-After", "120"}}}; });
  Sender sender(peer.port());
  EXPECT_EQ(sender.deliver(make_records(1))[0].retry_after, Duration(std::chrono::seconds(120)));
  peer.answer_with([](const Seen&) { return Reply{503, "", {{"Retry-After", "Sun, 01 Mar 2026 09:10:00 GMT"}}}; });
  EXPECT_EQ(sender.deliver(make_records(1))[0].retry_after, Duration(std::chrono::minutes(10)));
  sender.clock.set_synced(false);
  EXPECT_EQ(sender.deliver(make_records(1))[0].retry_after, std::nullopt) << "a date means nothing to an unset clock";
}

TEST(WebhookSink, FindsTheOnePoisonInAThousand) {
  for (const int poison : {0, 1, 499, 500, 998, 999}) {
    const auto answer = refuse_if_it_holds({poison});
    HttpPeer peer(answer);
    Sender sender(peer.port());
    sender.options.batch_bytes_max = 10'000'000;
    const auto verdicts = sender.deliver(make_records(1000));
    std::string expected(1000, 'a');
    expected[static_cast<std::size_t>(poison)] = 'r';
    EXPECT_EQ(outcomes(verdicts), expected) << poison;
    EXPECT_NE(verdicts[static_cast<std::size_t>(poison)].reason.find("422: cannot take " + std::to_string(poison)),
              std::string::npos);
    EXPECT_LE(peer.seen().size(), 1U + 2 * 9) << "2 * log2(1000) is 19.9, for poison at " << poison;
    std::vector<int> good;
    for (int n = 0; n < 1000; ++n)
      if (n != poison) good.push_back(n);
    EXPECT_EQ(accepted_numbers(peer, answer), good) << "each once, in order";
  }
}

TEST(WebhookSink, FindsSeveralPoisons) {
  const auto answer = refuse_if_it_holds({3, 4, 17, 63}, 400);
  HttpPeer peer(answer);
  Sender sender(peer.port());
  const auto verdicts = sender.deliver(make_records(64));
  std::string expected(64, 'a');
  for (const std::size_t n : {3, 4, 17, 63}) expected[n] = 'r';
  EXPECT_EQ(outcomes(verdicts), expected);
  const std::vector<int> accepted = accepted_numbers(peer, answer);
  EXPECT_EQ(accepted.size(), 60U);
  EXPECT_TRUE(std::is_sorted(accepted.begin(), accepted.end()));
}

TEST(WebhookSink, StopsAtADeferralAndKeepsWhatWasAccepted) {
  int requests = 0;
  HttpPeer peer([&](const Seen&) { return Reply{++requests == 3 ? 503 : 200, "", {}}; });
  Sender sender(peer.port());
  sender.options.format = Format::cloudevents;
  EXPECT_EQ(outcomes(sender.deliver(make_records(5))), "aaddd");
  EXPECT_EQ(peer.seen().size(), 3U) << "nothing is sent after a deferral";
}

TEST(WebhookSink, HalvesWhatIsTooLargeAndRemembers) {
  const auto answer = [](const Seen& seen) { return Reply{seen.body.size() > 3000 ? 413 : 200, "", {}}; };
  HttpPeer peer(answer);
  Sender sender(peer.port());
  const auto records = make_records(40);
  EXPECT_EQ(outcomes(sender.deliver(records)), std::string(40, 'a'));
  EXPECT_EQ(accepted_numbers(peer, answer).size(), 40U);
  const std::size_t before = peer.seen().size();
  EXPECT_EQ(outcomes(sender.deliver(make_records(10))), std::string(10, 'a'));
  const auto all = peer.seen();
  for (std::size_t i = before; i < all.size(); ++i) EXPECT_EQ(answer(all[i]).status, 200) << "no 413 a second time";
}

TEST(WebhookSink, RejectsASingleRecordThatIsTooLarge) {
  const auto answer = [](const Seen& seen) { return Reply{seen.body.size() > 3000 ? 413 : 200, "", {}}; };
  HttpPeer peer(answer);
  Sender sender(peer.port());
  auto records = make_records(5);
  records[2] = make_records(1, 5000)[0];
  EXPECT_EQ(outcomes(sender.deliver(records)), "aaraa");
}

TEST(WebhookSink, PausesAfterTenSingleRefusals) {
  HttpPeer peer(always(422, "unknown event"));
  Sender sender(peer.port());
  const auto verdicts = sender.deliver(make_records(64));
  EXPECT_EQ(outcomes(verdicts), std::string(10, 'r') + std::string(54, 'p'));
  EXPECT_NE(verdicts[10].reason.find("is the url right?"), std::string::npos) << verdicts[10].reason;
  EXPECT_NE(verdicts[10].reason.find("unknown event"), std::string::npos) << verdicts[10].reason;
}

TEST(WebhookSink, CountsRefusalsAcrossDeliveries) {
  HttpPeer peer(always(422));
  Sender sender(peer.port());
  const auto one = make_records(1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(outcomes(sender.deliver(one)), "r") << i;
  EXPECT_EQ(outcomes(sender.deliver(one)), "p");
  const std::size_t before = peer.seen().size();
  EXPECT_EQ(outcomes(sender.deliver(make_records(64))), std::string(64, 'p'));
  EXPECT_EQ(peer.seen().size(), before + 1) << "one record asks whether it is better now";
  peer.answer_with(always(200));
  EXPECT_EQ(outcomes(sender.deliver(make_records(64))), std::string(64, 'a'));
  peer.answer_with(always(422));
  EXPECT_EQ(outcomes(sender.deliver(one)), "r") << "what was accepted ends the count";
}

TEST(WebhookSink, KeepsSecretsOutOfReasonsAndLogs) {
  HttpPeer peer([](const Seen& seen) {
    return Reply{403, seen.header("authorization") + " " + seen.header("x-key") + " " + seen.target, {}};
  });
  for (const bool basic : {false, true}) {
    Sender sender(peer.port());
    sender.options.bearer = basic ? "" : "bearer-secret";
    sender.options.username = basic ? "user" : "";
    sender.options.password = basic ? "basic-secret" : "";
    sender.options.headers = {{"X-Key", "header-secret"}};
    sender.options.signing_secret = secret;
    const auto verdicts = sender.deliver(make_records(1));
    ASSERT_EQ(outcomes(verdicts), "p");
    std::string told = verdicts[0].reason;
    for (const std::string& line : sender.log.lines()) told += line;
    for (const std::string& hidden :
         {std::string("bearer-secret"), std::string("basic-secret"), transport::base64("user:basic-secret"),
          std::string("header-secret"), std::string("query-secret"), std::string(secret)})
      EXPECT_EQ(told.find(hidden), std::string::npos) << told;
    EXPECT_NE(told.find("***"), std::string::npos) << told;
  }
}

class BadOptions : public testing::TestWithParam<std::function<void(Options&)>> {};

TEST_P(BadOptions, AreRefusedWithoutTheNetwork) {
  Sender sender(1);
  GetParam()(sender.options);
  const Result<std::unique_ptr<WebhookSink>> made = WebhookSink::make(sender.options, sender.clock, sender.log);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::config);
  EXPECT_EQ(made.error().message.find("hidden"), std::string::npos) << made.error().message;
}

INSTANTIATE_TEST_SUITE_P(All, BadOptions,
                         testing::Values([](Options& o) { o.signing_secret = "hidden"; },
                                         [](Options& o) {
                                           o.headers = {{"a b", "hidden"}};
                                         },
                                         [](Options& o) {
                                           o.headers = {{"a", "hidden\r\nb: c"}};
                                         },
                                         [](Options& o) {
                                           o.headers = {{"", "hidden"}};
                                         },
                                         [](Options& o) {
                                           o.headers = {{"CONTENT-LENGTH", "1"}};
                                         },
                                         [](Options& o) {
                                           o.headers = {{"Idempotency-Key", "1"}};
                                         },
                                         [](Options& o) { o.bearer = "hidden\n"; },
                                         [](Options& o) {
                                           o.bearer = "hidden";
                                           o.username = "x";
                                         },
                                         [](Options& o) {
                                           o.bearer = "hidden";
                                           o.headers = {{"authorization", "hidden"}};
                                         },
                                         [](Options& o) { o.username = "a:hidden"; },
                                         [](Options& o) {
                                           o.url.tls = true;
                                           o.tls.ca_file = "/nowhere/ca.pem";
                                         },
                                         [](Options& o) {
                                           o.url.tls = true;
                                           o.tls.cert_file = "/nowhere/cert.pem";
                                         }));

}  // namespace
}  // namespace sluice::webhook
