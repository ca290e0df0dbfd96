#include "gateway/api/admission.h"

#include "tests/api/api_stage.h"

namespace sluice::api {
namespace {

/// Every test here tries to switch something on without the right to: nothing may reach the downlink.
class Admission : public ApiStage {
 protected:
  int refused(const std::string& target = power) {
    const Response response = ask(target);
    EXPECT_TRUE(taken_.empty()) << "it was executed";
    for (const auto& [name, value] : response.headers) EXPECT_FALSE(name.starts_with("Access-Control-")) << name;
    return response.status;
  }
};

TEST_F(Admission, TheTokenIsNeededEvenOnLoopback) {
  request_.headers.erase("authorization");
  EXPECT_EQ(refused(), 401);
  EXPECT_EQ(header(ask(), "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(refused(std::string(power) + "?token=secret-token&access_token=secret-token"), 401) << "not from the query";
  set("cookie", "token=secret-token");
  EXPECT_EQ(refused(), 401);
}

TEST_F(Admission, AWrongTokenIsToldNoMoreThanNone) {
  request_.headers.erase("authorization");
  const Response none = ask();
  for (const char* wrong : {"Bearer wrong", "Bearer ", "Bearer", "Bearer secret-toke", "Bearer secret-token2",
                            "Bearer secret-tokensecret-token", "Basic secret-token", "secret-token", ""}) {
    set("authorization", wrong);
    EXPECT_EQ(refused(), 401) << wrong;
    EXPECT_EQ(ask().body, none.body) << wrong;
  }
  set("authorization", "Bearer wrong");
  request_.headers.emplace("authorization", "Bearer secret-token");
  EXPECT_EQ(refused(), 401) << "two are none";
}

TEST_F(Admission, TheSchemeOfTheTokenIsWrittenInAnyCase) {
  set("authorization", "bearer secret-token");
  EXPECT_EQ(ask().status, 202);
}

TEST_F(Admission, WithoutATokenNobodyChangesAnything) {
  Api open(
      {"", {}}, [] { return Picture{}; }, downlink(), &log_);
  ASSERT_TRUE(read_target(power, request_));
  for (const char* guess : {"Bearer ", "Bearer", "Bearer x"}) {
    set("authorization", guess);
    EXPECT_EQ(open.answer(request_).status, 401) << guess;
  }
  EXPECT_TRUE(taken_.empty());
}

TEST_F(Admission, AForeignOriginIsRefused) {
  for (const char* origin :
       {"https://evil.example", "null", "", "http://evil.example:8420", "http://localhost:8420", "http://127.0.0.1",
        "http://127.0.0.1:3000", "https://127.0.0.1:8420", "http://127.0.0.1:8420.evil.example",
        "http://127.0.0.1:8420/", "http://user@127.0.0.1:8420", "127.0.0.1:8420", "file://"}) {
    set("origin", origin);
    EXPECT_EQ(refused(), 403) << origin;
  }
  set("origin", "http://127.0.0.1:8420");
  request_.headers.emplace("origin", "https://evil.example");
  EXPECT_EQ(refused(), 403) << "one of two";
}

TEST_F(Admission, TheOwnOriginIsTaken) {
  const std::pair<const char*, const char*> own[] = {{"127.0.0.1:8420", "http://127.0.0.1:8420"},
                                                     {"PI.local:8420", "http://pi.local:8420"},
                                                     {"[::1]:8420", "http://[::1]:8420"},
                                                     {"pi.local", "http://pi.local"},
                                                     {"pi.local:80", "http://pi.local"}};
  for (const auto& [host, origin] : own) {
    set("host", host);
    set("origin", origin);
    EXPECT_EQ(ask().status, 202) << host;
  }
}

TEST_F(Admission, WhatABrowserCallsAnotherSiteIsRefused) {
  for (const char* site : {"cross-site", "same-site", "", "Same-Origin", "none, same-origin"}) {
    set("sec-fetch-site", site);
    EXPECT_EQ(refused(), 403) << site;
  }
  set("sec-fetch-site", "same-origin");
  request_.headers.emplace("sec-fetch-site", "cross-site");
  EXPECT_EQ(refused(), 403) << "one of two";
  for (const char* site : {"same-origin", "none"}) {
    set("sec-fetch-site", site);
    EXPECT_EQ(ask().status, 202) << site;
  }
}

TEST_F(Admission, WhatAFormCanSendIsRefused) {
  for (const char* type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json",
        "application/json, text/plain", "text/plain; application/json", "application/jsonp", "application/json+x",
        "application/json; charset=utf-16", "application/json; boundary=x", "application/json text/plain"}) {
    set("content-type", type);
    EXPECT_EQ(refused(), 415) << type;
  }
  request_.headers.erase("content-type");
  EXPECT_EQ(refused(), 415);
  request_.body.clear();
  EXPECT_EQ(refused(), 415) << "without a body too";
  set("content-type", "application/json");
  request_.headers.emplace("content-type", "text/plain");
  EXPECT_EQ(refused(), 415) << "one of two";
  set("content-type", "application/json");
  set("content-encoding", "gzip");
  EXPECT_EQ(refused(), 415);
}

TEST_F(Admission, JsonMaySayThatItIsUtf8) {
  for (const char* type : {"application/json", "Application/JSON", "application/json; charset=utf-8",
                           "application/json;charset=\"UTF-8\"", "application/json ; "}) {
    set("content-type", type);
    EXPECT_EQ(ask().status, 202) << type;
  }
}

TEST_F(Admission, ARebindingNameIsRefusedBeforeAnythingElse) {
  for (const char* host : {"evil.example", "evil.example:8420", "127.0.0.1.evil.example", "0.0.0.0:8420", ""}) {
    set("host", host);
    set("origin", "http://" + std::string(host));
    EXPECT_EQ(refused(), 421) << host;
  }
  EXPECT_TRUE(
      log_.contains("api: POST /api/v1/devices/tasmota/kitchen/commands/power from 127.0.0.1 refused: unknown host"));
}

TEST_F(Admission, APreflightIsAnsweredWithoutLeave) {
  request_.method = "OPTIONS";
  request_.headers = {{"host", "127.0.0.1:8420"},
                      {"origin", "https://evil.example"},
                      {"access-control-request-method", "POST"},
                      {"access-control-request-headers", "authorization, content-type"}};
  EXPECT_EQ(refused(), 405);
  EXPECT_EQ(refused("/api/v1/status"), 405);
  EXPECT_EQ(header(ask(), "Allow"), "GET, HEAD, POST");
}

TEST_F(Admission, TheReasonsComeInTheirOrder) {
  request_.headers = {{"host", "evil.example"}, {"origin", "https://evil.example"}};
  EXPECT_EQ(refused(), 421);
  set("host", "localhost");
  EXPECT_EQ(refused("/api/v1/nothing"), 404);
  EXPECT_EQ(refused("/api/v1/devices"), 405);
  EXPECT_EQ(refused(), 401);
  set("authorization", "Bearer secret-token");
  EXPECT_EQ(refused(), 403);
  request_.headers.erase("origin");
  EXPECT_EQ(refused(), 415);
}

TEST_F(Admission, EveryRefusedChangeIsLoggedWithoutSecrets) {
  request_.remote_address = "192.0.2.1";
  request_.from_loopback = false;
  set("host", "pi.local");
  const std::string who = "api: POST /api/v1/devices/tasmota/kitchen/commands/power from 192.0.2.1 refused: ";
  set("authorization", "Bearer nearly-secret");
  ask(std::string(power) + "?token=secret-token");
  EXPECT_TRUE(log_.contains(who + "wrong token"));
  request_.headers.erase("authorization");
  ask();
  EXPECT_TRUE(log_.contains(who + "no token"));
  set("authorization", "Bearer secret-token");
  set("origin", "https://evil.example");
  ask();
  EXPECT_TRUE(log_.contains(who + "sent by the web page of another site"));
  request_.headers.erase("origin");
  set("content-type", "text/plain");
  ask();
  EXPECT_TRUE(log_.contains(who + "the content type is not application/json"));
  EXPECT_FALSE(log_.contains("secret"));
}

}  // namespace
}  // namespace sluice::api
