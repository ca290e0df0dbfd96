#include "gateway/api/refusal_log.h"

#include <gtest/gtest.h>

#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"

namespace sluice::api {
namespace {

class Refused : public testing::Test {
 protected:
  Refused() {
    request_.method = "POST";
    request_.path = "/x";
    request_.remote_address = "192.0.2.1";
  }
  void refuse(int times) {
    for (int i = 0; i < times; ++i) refusals_.refused(request_, "wrong token");
  }
  stage::FakeClock clock_;
  stage::RecordingLog log_;
  RefusalLog refusals_{&log_, [this] { return clock_.now(); }};
  Request request_;
};

TEST_F(Refused, AreToldTenTimesAMinuteAndCountedBeyond) {
  refuse(1);
  EXPECT_EQ(log_.lines(), std::vector<std::string>{"api: POST /x from 192.0.2.1 refused: wrong token"});
  refuse(1000);
  EXPECT_EQ(log_.lines().size(), 10U);
  clock_.advance(std::chrono::seconds(59));
  refuse(1);
  EXPECT_EQ(log_.lines().size(), 10U);
  clock_.advance(std::chrono::seconds(1));
  refuse(2);
  ASSERT_EQ(log_.lines().size(), 12U);
  EXPECT_EQ(log_.lines()[10], "api: POST /x from 192.0.2.1 refused: wrong token (and 992 more before it)");
  EXPECT_EQ(log_.lines()[11], log_.lines()[0]);
}

TEST_F(Refused, ALongPathIsCut) {
  request_.path = "/" + std::string(10'000, 'x');
  refuse(1);
  EXPECT_LT(log_.lines()[0].size(), 300U);
}

TEST_F(Refused, WithoutALogNothingIsSaid) {
  RefusalLog(nullptr).refused(request_, "wrong token");
}

}  // namespace
}  // namespace sluice::api
