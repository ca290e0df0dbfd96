// The paths of quarantine: what is there, who may, by which method.
#include <gtest/gtest.h>

#include "gateway/api/api.h"
#include "gateway/api/request_target.h"

namespace sluice::api {
namespace {

class QuarantineApi : public testing::Test {
 protected:
  QuarantineApi()
      : api_(
            {"secret-token", {}}, [] { return Picture{}; }, {}, nullptr, doors()) {}

  Quarantine doors() {
    const auto said = [](std::string what) { return Response{200, "application/json", std::move(what), {}}; };
    Quarantine doors;
    doors.list = [said](const Request& request) { return said("list " + std::to_string(request.query.size())); };
    doors.show = [said](std::int64_t id) { return said("show " + std::to_string(id)); };
    doors.replay = [said](std::int64_t id) { return said("replay " + std::to_string(id)); };
    doors.drop = [said](std::int64_t id) { return said("drop " + std::to_string(id)); };
    doors.replay_many = [said](const std::string& body) { return said("replay " + body); };
    doors.drop_many = [said](const std::string& body) { return said("drop " + body); };
    return doors;
  }
  Response ask(const std::string& method, const std::string& target, const std::string& token = "secret-token") {
    Request request;
    request.method = method;
    request.body = "{}";
    request.remote_address = "127.0.0.1";
    request.from_loopback = true;
    request.headers = {{"host", "localhost"}, {"content-type", "application/json"}};
    if (!token.empty()) request.headers.emplace("authorization", "Bearer " + token);
    EXPECT_TRUE(read_target(target, request));
    return api_.answer(request);
  }

  Api api_;
};

TEST_F(QuarantineApi, each_path_is_one_deed) {
  EXPECT_EQ(ask("GET", "/api/v1/quarantine?schema=a&count=3").body, "list 2");
  EXPECT_EQ(ask("GET", "/api/v1/quarantine/17").body, "show 17");
  EXPECT_EQ(ask("POST", "/api/v1/quarantine/17/replay").body, "replay 17");
  EXPECT_EQ(ask("DELETE", "/api/v1/quarantine/17").body, "drop 17");
  EXPECT_EQ(ask("POST", "/api/v1/quarantine/replay").body, "replay {}");
  EXPECT_EQ(ask("POST", "/api/v1/quarantine/drop").body, "drop {}");
}

TEST_F(QuarantineApi, what_changes_something_needs_the_token_and_reading_does_not) {
  for (const char* target : {"/api/v1/quarantine/17/replay", "/api/v1/quarantine/replay", "/api/v1/quarantine/drop"})
    EXPECT_EQ(ask("POST", target, "").status, 401) << target;
  EXPECT_EQ(ask("DELETE", "/api/v1/quarantine/17", "wrong").status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/quarantine", "").status, 200);
  EXPECT_EQ(ask("GET", "/api/v1/quarantine/17", "").status, 200);
}

TEST_F(QuarantineApi, other_methods_are_told_what_is_possible) {
  const auto allow = [&](const char* method, const char* target) {
    const Response response = ask(method, target);
    EXPECT_EQ(response.status, 405) << method << " " << target;
    return response.headers.empty() ? "" : response.headers.front().second;
  };
  EXPECT_EQ(allow("POST", "/api/v1/quarantine"), "GET, HEAD");
  EXPECT_EQ(allow("POST", "/api/v1/quarantine/17"), "GET, HEAD, DELETE");
  EXPECT_EQ(allow("GET", "/api/v1/quarantine/17/replay"), "POST");
  EXPECT_EQ(allow("DELETE", "/api/v1/quarantine/replay"), "POST");
  EXPECT_EQ(allow("DELETE", "/api/v1/status"), "GET, HEAD");
}

TEST_F(QuarantineApi, what_is_no_number_of_an_entry_is_not_there) {
  for (const char* id : {"0", "-1", "1x", "x", "99999999999999999999", "17/replay/x", "17/x", ""})
    EXPECT_EQ(ask("GET", std::string("/api/v1/quarantine/") + id).status, 404) << id;
}

}  // namespace
}  // namespace sluice::api
