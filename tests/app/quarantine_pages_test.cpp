// /api/v1/quarantine as it is asked and answered.
#include "gateway/app/quarantine_pages.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"
#include "tests/stage/temp_folder.h"

namespace sluice::app {
namespace {

using nlohmann::json;

class QuarantinePagesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "schemas");
    std::ofstream(folder_ / "schemas/plug.yaml")
        << "family: plug\nmessages:\n  - { name: power, topic: 'plug/{device}', format: json, readings: { a: /A } }\n";
    normalize::Problems problems;
    library_ = normalize::Library::load({folder_ / "schemas", {}, {}}, problems);
    ASSERT_TRUE(library_) << problems.text();
    store_ = std::move(*store::Store::open({folder_ / "data", store::Durability::process_crash, {}}, clock_, log_));
    ASSERT_TRUE(store_->keep_clouds({"hooks"}));
    replay_ = std::make_unique<flow::Replay>(
        [this] {
          return flow::Replay::Reading{library_, {normalize::Unmatched::ignore, "UTC"}, false};
        },
        *store_, ids_, clock_, log_);
    pages_ = std::make_unique<QuarantinePages>("/sluice/test", *store_, *replay_);
    doors_ = pages_->doors();
  }
  void set_aside(const std::string& payload) {
    store::Batch batch;
    batch.counts.received_qos0 = batch.counts.quarantined = 1;
    batch.quarantined.push_back({.reason = "not JSON",
                                 .schema = "plug/power",
                                 .topic = "plug/p",
                                 .payload = payload,
                                 .payload_size = payload.size(),
                                 .received_at = clock_.wall_time()});
    ASSERT_TRUE(store_->append(batch));
  }
  void refuse() {
    store::Batch batch;
    batch.records.push_back({.id = ids_.next(), .device = "plug/p", .schema = "plug/power", .data = R"({"n":1})"});
    ASSERT_TRUE(store_->append(batch));
    const store::Page page = *store_->read("hooks", {});
    ASSERT_TRUE(
        store_->settle("hooks", std::array{store::Store::Settlement{page.positions[0], store::Settled::rejected}},
                       {{.reason = "422", .schema = "plug/power", .cloud = "hooks", .record = page.records[0]}}));
  }
  api::Response list(std::multimap<std::string, std::string> query) {
    api::Request request;
    request.query = std::move(query);
    return doors_.list(request);
  }

  stage::TempFolder folder_;
  stage::FakeClock clock_;
  stage::RecordingLog log_;
  RecordIds ids_{clock_};
  std::shared_ptr<const normalize::Library> library_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<flow::Replay> replay_;
  std::unique_ptr<QuarantinePages> pages_;
  api::Quarantine doors_;
};

TEST_F(QuarantinePagesTest, lists_entries_and_counts) {
  for (int i = 0; i < 3; ++i) set_aside("?");
  refuse();
  const json page = json::parse(list({{"count", "2"}}).body);
  EXPECT_EQ(page["entries"][0]["id"], 4);
  EXPECT_EQ(page["entries"][0]["cloud"], "hooks");
  EXPECT_EQ(page["entries"][0]["device"], "plug/p");
  EXPECT_EQ(page["entries"][1]["topic"], "plug/p");
  EXPECT_EQ(page["entries"][1]["received_at"], "2026-03-01T09:00:00Z");
  EXPECT_EQ(page["more"], true);
  EXPECT_EQ(json::parse(list({{"after", "0"}, {"cloud", ""}}).body)["entries"].size(), 3u);
  const json groups = json::parse(list({{"by", "schema,reason"}}).body);
  EXPECT_EQ(groups["groups"][0], json({{"count", 3}, {"newest", 3}, {"schema", "plug/power"}, {"reason", "not JSON"}}));
  EXPECT_EQ(groups["others"], 0);
}

TEST_F(QuarantinePagesTest, says_what_is_wrong_with_a_question) {
  for (const auto& query : std::vector<std::multimap<std::string, std::string>>{{{"shema", "x"}},
                                                                                {{"count", "x"}},
                                                                                {{"count", "-1"}},
                                                                                {{"topic", "a/#/b"}},
                                                                                {{"by", "colour"}},
                                                                                {{"after", "1"}, {"before", "2"}},
                                                                                {{"cloud", "a"}, {"cloud", "b"}}})
    EXPECT_EQ(list(query).status, 400) << query.begin()->first;
}

TEST_F(QuarantinePagesTest, shows_payloads_as_text_or_in_base64_and_records_as_events) {
  set_aside("no\njson");
  set_aside("\xff\x01");
  refuse();
  EXPECT_EQ(json::parse(doors_.show(1).body)["payload"], "no\njson");
  EXPECT_EQ(json::parse(doors_.show(2).body)["payload_base64"], "/wE=");
  const json refused = json::parse(doors_.show(3).body);
  EXPECT_EQ(refused["event"]["source"], "/sluice/test");
  EXPECT_EQ(refused["event"]["data"]["n"], 1);
  EXPECT_EQ(doors_.show(4).status, 404);
}

TEST_F(QuarantinePagesTest, replays_one_or_several) {
  set_aside(R"({"A":1})");  // as if the schema had been mended
  set_aside("nonsense");
  set_aside(R"({"A":1})");
  refuse();
  EXPECT_EQ(doors_.replay(1).body, R"({"id":1,"outcome":"understood","records":1})");
  EXPECT_EQ(doors_.replay(1).status, 404);
  const api::Response stays = doors_.replay(2);
  EXPECT_EQ(stays.status, 422);
  EXPECT_NE(json::parse(stays.body)["detail"].get<std::string>().find("not JSON"), std::string::npos);
  const json results = json::parse(doors_.replay_many(R"({"ids":[2,3,4,5]})").body)["results"];
  std::vector<std::string> outcomes;
  for (const json& result : results) outcomes.push_back(result["outcome"]);
  EXPECT_EQ(outcomes, (std::vector<std::string>{"quarantined", "understood", "resent", "gone"}));
  EXPECT_EQ(json::parse(doors_.show(4).body)["sent_again"], true);
}

TEST_F(QuarantinePagesTest, drops_one_or_several) {
  for (int i = 0; i < 3; ++i) set_aside("?");
  EXPECT_EQ(doors_.drop(1).status, 204);
  EXPECT_EQ(doors_.drop(1).status, 404);
  EXPECT_EQ(doors_.drop_many(R"({"ids":[1,2]})").body,
            R"({"results":[{"id":1,"outcome":"gone"},{"id":2,"outcome":"dropped"}]})");
}

TEST_F(QuarantinePagesTest, takes_numbers_of_entries_and_nothing_else) {
  std::string many = R"({"ids":[1)";
  for (std::size_t i = 0; i < QuarantinePages::entries_max; ++i) many += ",1";
  for (const std::string& body : {std::string(), std::string("[1]"), std::string(R"({"ids":[]})"),
                                  std::string(R"({"ids":["1"]})"), std::string(R"({"ids":[-1]})"),
                                  std::string(R"({"ids":[1.5]})"), std::string(R"({"ids":[1],"x":1})"), many + "]}"}) {
    EXPECT_EQ(doors_.replay_many(body).status, 400) << body.substr(0, 40);
    EXPECT_EQ(doors_.drop_many(body).status, 400) << body.substr(0, 40);
  }
}

}  // namespace
}  // namespace sluice::app
