#include "connectors/webhook/body_limit.h"

#include <gtest/gtest.h>

namespace sluice::webhook {
namespace {

TEST(BodyLimit, HalvesWhatWasRefused) {
  BodyLimit limit(1000);
  limit.refused(900);
  EXPECT_EQ(limit.now(), 450U);
  limit.refused(400);
  EXPECT_EQ(limit.now(), 200U);
  limit.refused(1);
  EXPECT_EQ(limit.now(), 1U);
}

TEST(BodyLimit, GrowsBackSlowlyAndNoFurtherThanItBegan) {
  BodyLimit limit(1000);
  limit.refused(500);
  for (int i = 0; i < 15; ++i) limit.accepted();
  EXPECT_EQ(limit.now(), 250U);
  limit.accepted();
  EXPECT_EQ(limit.now(), 500U);
  for (int i = 0; i < 100; ++i) limit.accepted();
  EXPECT_EQ(limit.now(), 1000U);
}

TEST(BodyLimit, ARefusalBeginsTheCountAnew) {
  BodyLimit limit(1000);
  limit.refused(500);
  for (int i = 0; i < 15; ++i) limit.accepted();
  limit.refused(250);
  for (int i = 0; i < 15; ++i) limit.accepted();
  EXPECT_EQ(limit.now(), 125U);
}

}  // namespace
}  // namespace sluice::webhook
