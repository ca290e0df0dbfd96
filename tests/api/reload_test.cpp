// POST /api/v1/reload, and options that change.
#include "tests/api/api_stage.h"

namespace sluice::api {
namespace {

class ReloadTest : public ApiStage {
 protected:
  ReloadTest() {
    api_.on_reload([this] {
      ++reloads_;
      return Response{200, "application/json", R"({"changes":[]})", {}};
    });
    EXPECT_TRUE(read_target("/api/v1/reload", request_));
    request_.body.clear();
  }
  int reloads_ = 0;
};

TEST_F(ReloadTest, WhoeverHasTheTokenMay) {
  EXPECT_EQ(api_.answer(request_).status, 200);
  EXPECT_EQ(reloads_, 1);
}

TEST_F(ReloadTest, NobodyElse) {
  request_.headers.erase("authorization");
  EXPECT_EQ(api_.answer(request_).status, 401);
  request_.headers.emplace("authorization", "Bearer secret-token");
  request_.headers.emplace("origin", "http://elsewhere.example");
  EXPECT_EQ(api_.answer(request_).status, 403);
  request_.headers.erase("origin");
  request_.headers.erase("content-type");
  EXPECT_EQ(api_.answer(request_).status, 415);
  EXPECT_EQ(reloads_, 0);
}

TEST_F(ReloadTest, OnlyByPost) {
  request_.method = "GET";
  const Response response = api_.answer(request_);
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers, (std::vector<std::pair<std::string, std::string>>{{"Allow", "POST"}}));
  EXPECT_EQ(reloads_, 0);
}

TEST_F(ReloadTest, ANewTokenCountsAtOnceAndTheOldNoMore) {
  api_.change({"another-token", {}});
  EXPECT_EQ(api_.answer(request_).status, 401);
  request_.headers.erase("authorization");
  request_.headers.emplace("authorization", "Bearer another-token");
  EXPECT_EQ(api_.answer(request_).status, 200);
  request_.headers.erase("host");
  request_.headers.emplace("host", "pi.local");
  EXPECT_EQ(api_.answer(request_).status, 421) << "no name of ours any more";
}

}  // namespace
}  // namespace sluice::api
