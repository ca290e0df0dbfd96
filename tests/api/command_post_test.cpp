#include "gateway/api/command_post.h"

#include "tests/api/api_stage.h"

namespace sluice::api {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class Commands : public ApiStage {};

TEST_F(Commands, AreTakenAsTheyAreSent) {
  set("idempotency-key", "\"key \\\\1\"");
  EXPECT_EQ(ask().status, 400) << "a space cannot be seen";
  set("idempotency-key", "\"key-\\\\1\"");
  const Response response = ask();
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"id":"7","outcome":"accepted"})");
  EXPECT_EQ(header(response, "Location"), "/api/v1/commands/7");
  EXPECT_EQ(header(response, "Preference-Applied"), "");
  ASSERT_EQ(taken_.size(), 1U);
  EXPECT_EQ(taken_[0].form, CommandMessage::Form::params);
  EXPECT_EQ(taken_[0].text, R"({"state":"ON"})");
  EXPECT_EQ(taken_[0].id, "key-\\1");
  EXPECT_EQ(taken_[0].device, "tasmota/kitchen");
  EXPECT_EQ(taken_[0].name, "power");
  EXPECT_TRUE(looked_.empty());
}

TEST_F(Commands, WithoutABodyHaveNoParams) {
  for (const char* body : {"", " \r\n"}) {
    request_.body = body;
    ask();
    EXPECT_EQ(taken_.back().text, "{}");
    EXPECT_EQ(taken_.back().id, "");
  }
}

TEST_F(Commands, GoToDevicesWhoseNamesHoldSlashes) {
  const std::pair<const char*, std::pair<const char*, const char*>> paths[] = {
      {"/api/v1/devices/z2m/floor/1/lamp/commands/set", {"z2m/floor/1/lamp", "set"}},
      {"/api/v1/devices/z2m/floor%2F1%2flamp/commands/set", {"z2m/floor/1/lamp", "set"}},
      {"/api/v1/devices/z2m/K%C3%BCche/commands/set", {"z2m/Küche", "set"}},
      {"/api/v1/devices/z2m/commands/commands/commands", {"z2m/commands", "commands"}}};
  for (const auto& [path, expected] : paths) {
    EXPECT_EQ(ask(path).status, 202) << path;
    EXPECT_EQ(taken_.back().device, expected.first);
    EXPECT_EQ(taken_.back().name, expected.second);
  }
}

TEST_F(Commands, NeedAWholePath) {
  for (const char* path : {"/api/v1/devices/z2m/commands/set", "/api/v1/devices/z2m/a/commands/",
                           "/api/v1/devices/z2m/a/commands", "/api/v1/devices/z2m/a", "/api/v1/commands"})
    EXPECT_EQ(ask(path).status, 405) << path;
  for (const char* path :
       {"/api/v1/devices//a/commands/set", "/api/v1/devices/z2m//commands/set/x", "/api/v2/devices/z2m/a/commands/set"})
    EXPECT_NE(ask(path).status, 202) << path;
  EXPECT_TRUE(taken_.empty());
}

TEST_F(Commands, WaitForTheirOutcomeWhereThatIsPreferred) {
  set("prefer", "wait=5");
  const Response response = ask();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, looked_answer_->text);
  EXPECT_EQ(header(response, "Preference-Applied"), "wait=5");
  EXPECT_EQ(header(response, "Location"), "");
  ASSERT_EQ(looked_.size(), 1U);
  EXPECT_EQ(looked_[0], (std::pair<std::string, Duration>("7", seconds(5))));
}

TEST_F(Commands, ThatDoNotEndInTimeHaveAPlaceToLook) {
  set("prefer", "wait=5");
  looked_answer_ = an_answer("a/b ü", CommandState::accepted, 202);
  const Response response = ask();
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(header(response, "Location"), "/api/v1/commands/a%2Fb%20%C3%BC");
  EXPECT_EQ(header(response, "Preference-Applied"), "wait=5");
  looked_answer_ = std::nullopt;  // forgotten meanwhile: what was known before
  EXPECT_EQ(ask().status, 202);
}

TEST_F(Commands, WaitAMinuteAtMost) {
  for (const char* wait : {"wait=61", "wait=99999999999999999999"}) {
    set("prefer", wait);
    EXPECT_EQ(header(ask(), "Preference-Applied"), "wait=60") << wait;
    EXPECT_EQ(looked_.back().second, seconds(60)) << wait;
  }
}

TEST_F(Commands, ThatHaveEndedAlreadyWaitForNothing) {
  taken_answer_ = an_answer("7", CommandState::succeeded, 200);
  EXPECT_EQ(ask().status, 200);
  set("prefer", "wait=5");
  EXPECT_EQ(ask().status, 200);
  EXPECT_TRUE(looked_.empty());
}

TEST_F(Commands, ThatEndedBadlyAreAnswersAllTheSame) {
  const std::pair<CommandState, int> ends[] = {
      {CommandState::failed, 502}, {CommandState::expired, 408}, {CommandState::unanswered, 504}};
  for (const auto& [state, status] : ends) {
    taken_answer_ = an_answer("7", state, status, "why");
    EXPECT_EQ(ask().status, 200) << status;
    EXPECT_EQ(ask().body, taken_answer_->text);
    taken_answer_ = an_answer("7", CommandState::accepted, 202);
    looked_answer_ = an_answer("7", state, status, "why");
    set("prefer", "wait=1");
    EXPECT_EQ(ask().status, 200) << status;
    request_.headers.erase("prefer");
  }
}

TEST_F(Commands, ThatAreRefusedAreProblems) {
  for (const int status : {400, 403, 404, 413, 422, 429, 503}) {
    taken_answer_ = an_answer("7", CommandState::rejected, status, "not \"allowed\"");
    const Response response = ask();
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.content_type, "application/problem+json");
    const json problem = json::parse(response.body);
    EXPECT_EQ(problem["status"], status);
    EXPECT_EQ(problem["detail"], "not \"allowed\"");
    EXPECT_EQ(problem["id"], "7");
    EXPECT_EQ(problem["outcome"], (json{{"id", "7"}, {"outcome", "rejected"}}));
    EXPECT_EQ(header(response, "Location"), "");
  }
  taken_answer_ = an_answer("7", CommandState::accepted, 422, "the id is another command's");
  EXPECT_EQ(ask().status, 422) << "by its status alone";
  taken_answer_ = an_answer("7", CommandState::rejected, 409, "why");
  EXPECT_EQ(ask().status, 409) << "by its state alone";
  CommandAnswer bare;
  bare.state = CommandState::rejected;
  bare.status = 400;
  taken_answer_ = bare;
  EXPECT_EQ(json::parse(ask().body), (json{{"title", "Bad Request"}, {"status", 400}}));
}

TEST_F(Commands, ThatCannotBeStoredAreRejected) {
  taken_answer_ = storage_error("disk full");
  set("prefer", "wait=5");
  const Response response = ask();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(json::parse(response.body)["detail"], "storage: disk full");
  EXPECT_EQ(json::parse(response.body)["outcome"], (json{{"device", "tasmota/kitchen"},
                                                         {"command", "power"},
                                                         {"outcome", "rejected"},
                                                         {"reason", "storage: disk full"}}));
  EXPECT_TRUE(looked_.empty());
}

TEST_F(Commands, WithAKeyThatCannotBeReadAreNotTaken) {
  for (const std::string& key :
       {std::string(), std::string("a b"), std::string("\"\""), std::string("\"open"), std::string("\"a\"b\""),
        std::string("\"a\\\""), std::string("\"a\";x=1"), std::string("k\xc3\xbc"), std::string(129, 'x'),
        std::string("."), std::string("\"..\"")}) {
    set("idempotency-key", key);
    EXPECT_EQ(ask().status, 400) << key;
  }
  set("idempotency-key", "a");
  request_.headers.emplace("idempotency-key", "b");
  EXPECT_EQ(ask().status, 400) << "two";
  EXPECT_TRUE(taken_.empty());
  set("idempotency-key", std::string(128, 'x'));
  EXPECT_EQ(ask().status, 202);
}

TEST_F(Commands, APreferenceThatCannotBeReadIsNoError) {
  for (const char* prefer : {"wait", "wait=", "wait=-1", "wait=1.5", "wait=5s", "respond-async", "\"wait=5\"",
                             "x=\"a, wait=5\"", "x=\"a, wait=5, b\"", "; wait=5", ",,,", "x=\"\\", "wait=x, wait=5"}) {
    set("prefer", prefer);
    const Response response = ask();
    EXPECT_EQ(response.status, 202) << prefer;
    EXPECT_EQ(header(response, "Preference-Applied"), "") << prefer;
  }
  EXPECT_TRUE(looked_.empty());
}

TEST_F(Commands, APreferenceIsOneOfAList) {
  for (const char* prefer : {"respond-async, wait=7", "WAIT = 7", "wait=\"7\"", "x=\"a,b\", wait=7; y=z",
                             "wait=7,wait=9", "return=minimal; foo=\"wait=9\",wait=7"}) {
    set("prefer", prefer);
    EXPECT_EQ(header(ask(), "Preference-Applied"), "wait=7") << prefer;
  }
  set("prefer", "respond-async");
  request_.headers.emplace("prefer", "wait=7");
  EXPECT_EQ(header(ask(), "Preference-Applied"), "wait=7");
}

TEST_F(Commands, CanBeLookedUp) {
  EXPECT_EQ(get("/api/v1/commands").body, R"([{"id":"1"}])");
  EXPECT_EQ(get("/api/v1/commands/a%2Fb").body, looked_answer_->text);
  EXPECT_EQ(looked_.back(), (std::pair<std::string, Duration>("a/b", 0)));
  looked_answer_ = std::nullopt;
  EXPECT_EQ(get("/api/v1/commands/8").status, 404);
  EXPECT_EQ(get("/api/v1/commands/").status, 404);
}

TEST_F(Commands, AndDevicesAreReadWithATokenFromElsewhere) {
  request_.from_loopback = false;
  for (const char* path :
       {"/api/v1/commands", "/api/v1/commands/7", "/api/v1/devices", "/api/v1/devices/tasmota/kitchen"}) {
    EXPECT_EQ(get(path).status, 401) << path;
    set("authorization", "Bearer secret-token");
    EXPECT_EQ(ask(path).status, 200) << path;
  }
}

TEST_F(Commands, DevicesAreListedAndFoundByTheirWholeNames) {
  EXPECT_EQ(get("/api/v1/devices").body, R"([{"device":"tasmota/kitchen"}])");
  EXPECT_EQ(get("/api/v1/devices/tasmota/kitchen").body, R"({"device":"tasmota/kitchen"})");
  EXPECT_EQ(get("/api/v1/devices/z2m/floor%2F1/lamp").body, R"({"device":"z2m/floor/1/lamp"})");
  EXPECT_EQ(get("/api/v1/devices/z2m/a/commands/b").body, R"({"device":"z2m/a/commands/b"})");
  EXPECT_EQ(get("/api/v1/devices/tasmota/nobody").status, 404);
  for (const char* path :
       {"/api/v1/devices/", "/api/v1/devices/tasmota", "/api/v1/devices/tasmota/", "/api/v1/devices//x"})
    EXPECT_EQ(get(path).status, 404) << path;
}

}  // namespace
}  // namespace sluice::api
