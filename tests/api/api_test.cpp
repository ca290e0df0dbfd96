#include "gateway/api/api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/api/request_target.h"

namespace sluice::api {
namespace {

using nlohmann::json;

Picture picture() {
  Picture p;
  p.gateway_id = "home-pi";
  p.version = "1.2.3";
  p.uptime_s = 42;
  p.taken_at = Timestamp(Duration(1'772'355'600'000));
  p.broker.connected = p.broker.subscribed = true;
  p.store.messages = {
      .received_qos0 = 7, .received_qos1 = 3, .understood = 5, .ignored = 2, .quarantined = 2, .redelivered = 1};
  p.store.stored = 9;
  store::CloudCounts counts;
  counts.name = "hooks";
  counts.stored = 10;
  counts.delivered = 4;
  counts.rejected = counts.skipped = counts.dropped_size = counts.dropped_age = counts.dropped_damage = 1;
  counts.backlog_records = 1;
  counts.backlog_bytes = 321;
  counts.oldest = p.taken_at - std::chrono::seconds(5);
  p.store.clouds.push_back(counts);
  p.store.commands = {
      .accepted = 12, .sent = 11, .succeeded = 6, .failed = 1, .expired = 2, .rejected = 4, .unanswered = 3};
  p.store.quarantined_by_schema = {{"tasmota/sensor", 2}};
  flow::CloudState state;
  state.name = "hooks";
  state.type = "webhook";
  state.health = flow::CloudState::Health::paused;
  state.last_error = "401: \"no\"";
  state.delivery_seconds.observe(0.02);
  p.clouds.push_back(state);
  return p;
}

class ApiTest : public testing::Test {
 protected:
  Response get(const std::string& path, std::multimap<std::string, std::string> headers = {{"host", "localhost:8420"}},
               bool from_loopback = true, const std::string& method = "GET") {
    Request request;
    request.method = method;
    EXPECT_TRUE(read_target(path, request));
    request.headers = std::move(headers);
    request.from_loopback = from_loopback;
    return Api({"secret-token", {"pi.local"}}, [this] { return picture_; }).answer(request);
  }
  Picture picture_ = picture();
};

TEST_F(ApiTest, StatusHasTheDocumentedShapeAndBothEquationsHold) {
  const Response response = get("/api/v1/status");
  ASSERT_EQ(response.status, 200);
  const json status = json::parse(response.body);
  EXPECT_EQ(status["gateway"], (json{{"id", "home-pi"}, {"version", "1.2.3"}, {"uptime_s", 42}}));
  picture_.clock_synced = false;
  EXPECT_EQ(json::parse(get("/api/v1/status").body)["gateway"]["clock"], "unsynced");
  const json& messages = status["messages"];
  EXPECT_EQ(messages["received"], 10);
  EXPECT_EQ(messages["by_qos"], (json{{"0", 7}, {"1", 3}}));
  EXPECT_EQ(messages["received"].get<int>(), messages["understood"].get<int>() + messages["ignored"].get<int>() +
                                                 messages["quarantined"].get<int>() +
                                                 messages["redelivered"].get<int>());
  const json& cloud = status["clouds"][0];
  EXPECT_EQ(cloud["state"], "paused");
  EXPECT_EQ(cloud["dropped"], (json{{"size", 1}, {"age", 1}, {"damage", 1}}));
  EXPECT_EQ(cloud["backlog"], (json{{"records", 1}, {"bytes", 321}, {"oldest_s", 5}}));
  EXPECT_EQ(cloud["last_error"]["text"], "401: \"no\"");
  EXPECT_EQ(status["commands"], (json{{"accepted", 12},
                                      {"sent", 11},
                                      {"succeeded", 6},
                                      {"failed", 1},
                                      {"expired", 2},
                                      {"rejected", 4},
                                      {"unanswered", 3}}));
}

TEST_F(ApiTest, MetricsAreInPrometheusTextFormat) {
  const Response response = get("/metrics");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"sluice_messages_received_total{qos=\"1\"} 3\n", "sluice_messages_total{fate=\"ignored\"} 2\n",
        "sluice_records_stored_total 9\n", "sluice_records_dropped_total{cloud=\"hooks\",reason=\"age\"} 1\n",
        "sluice_messages_quarantined_total{schema=\"tasmota/sensor\"} 2\n",
        "sluice_backlog_oldest_seconds{cloud=\"hooks\"} 5\n", "sluice_cloud_up{cloud=\"hooks\"} 0\n",
        "sluice_delivery_seconds_bucket{cloud=\"hooks\",le=\"0.025\"} 1\n",
        "sluice_delivery_seconds_bucket{cloud=\"hooks\",le=\"+Inf\"} 1\n",
        "sluice_delivery_seconds_sum{cloud=\"hooks\"} 0.02\n", "sluice_commit_seconds_count 0\n",
        "sluice_commands_total{outcome=\"sent\"} 11\n", "sluice_commands_total{outcome=\"succeeded\"} 6\n",
        "sluice_commands_total{outcome=\"failed\"} 1\n", "sluice_commands_total{outcome=\"expired\"} 2\n",
        "sluice_commands_total{outcome=\"rejected\"} 4\n", "sluice_commands_total{outcome=\"unanswered\"} 3\n",
        "sluice_local_broker_up 1\n", "sluice_build_info{version=\"1.2.3\"} 1\n"})
    EXPECT_NE(response.body.find(line), std::string::npos) << line;
}

TEST_F(ApiTest, HealthIsOfTheDiskAndReadinessOfTheSubscription) {
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  picture_.broker.subscribed = false;
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/healthz").status, 200);
  picture_.store_error = "disk full";
  EXPECT_EQ(get("/healthz").status, 503);
}

TEST_F(ApiTest, AnswersOnlyToHostsItKnows) {
  for (const char* known : {"localhost", "localhost:8420", "127.0.0.1:8420", "[::1]:8420", "PI.local:8420"})
    EXPECT_EQ(get("/healthz", {{"host", known}}).status, 200) << known;
  for (const char* foreign : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""})
    EXPECT_EQ(get("/healthz", {{"host", foreign}}).status, 421) << foreign;
  EXPECT_EQ(get("/healthz", {}).status, 421);
}

TEST_F(ApiTest, ReadingFromElsewhereNeedsTheToken) {
  EXPECT_EQ(get("/api/v1/status", {{"host", "pi.local"}}, false).status, 401);
  EXPECT_EQ(get("/metrics", {{"host", "pi.local"}, {"authorization", "Bearer wrong-token!"}}, false).status, 401);
  EXPECT_EQ(get("/metrics", {{"host", "pi.local"}, {"authorization", "Bearer "}}, false).status, 401);
  EXPECT_EQ(get("/metrics", {{"host", "pi.local"}, {"authorization", "Bearer secret-token"}}, false).status, 200);
  EXPECT_EQ(get("/healthz", {{"host", "pi.local"}}, false).status, 200);
}

TEST_F(ApiTest, RefusesOtherMethodsAndPaths) {
  EXPECT_EQ(get("/metrics", {{"host", "localhost"}}, true, "POST").status, 405);
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/nothing").content_type, "application/problem+json");
  for (const char* path :
       {"/api/v1/devices", "/api/v1/devices/tasmota/kitchen", "/api/v1/commands", "/api/v1/commands/1"})
    EXPECT_EQ(get(path).status, 404) << path << " without a downlink";
}

}  // namespace
}  // namespace sluice::api
