#include "gateway/app/reload_desk.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/app/reload_page.h"
#include "tests/stage/process.h"

namespace sluice::app {
namespace {

using stage::eventually;

Reloaded changed(const std::string& what) {
  Reloaded reloaded;
  reloaded.changes.push_back(what);
  return reloaded;
}

TEST(ReloadDesk, WhoeverAsksHearsWhatCameOfIt) {
  std::atomic<int> rings = 0;
  ReloadDesk desk([&] { ++rings; });
  std::jthread asking([&] { EXPECT_EQ(desk.ask()->changes, std::vector<std::string>{"x"}); });
  ASSERT_TRUE(eventually([&] { return rings == 1; }));
  desk.serve([] { return changed("x"); });
}

TEST(ReloadDesk, OneReloadServesAllWhoAskedBefore) {
  std::atomic<int> rings = 0, answers = 0;
  ReloadDesk desk([&] { ++rings; });
  std::vector<std::jthread> asking;
  for (int i = 0; i < 2; ++i) asking.emplace_back([&] { answers += desk.ask() ? 1 : 0; });
  ASSERT_TRUE(eventually([&] { return rings == 2; }));
  int reloads = 0;
  desk.note();
  const auto reload = [&] { return ++reloads, changed("x"); };
  desk.serve(reload);
  desk.serve(reload);
  EXPECT_EQ(reloads, 1);
  EXPECT_TRUE(eventually([&] { return answers == 2; }));
}

TEST(ReloadDesk, WhoAsksWhileOneRunsGetsAnother) {
  std::atomic<int> rings = 0;
  ReloadDesk desk([&] { ++rings; });
  int reloads = 0;
  desk.note();
  desk.serve([&] { return ++reloads, desk.note(), Reloaded(); });
  desk.serve([&] { return ++reloads, Reloaded(); });
  EXPECT_EQ(reloads, 2);
}

TEST(ReloadDesk, NotManyWaitAndNobodyBeyondTheEnd) {
  std::atomic<std::size_t> rings = 0, nothing = 0;
  ReloadDesk desk([&] { ++rings; });
  std::vector<std::jthread> asking;
  for (std::size_t i = 0; i < ReloadDesk::waiting_max; ++i) asking.emplace_back([&] { nothing += desk.ask() ? 0 : 1; });
  ASSERT_TRUE(eventually([&] { return rings == ReloadDesk::waiting_max; }));
  EXPECT_FALSE(desk.ask()) << "too many wait";
  desk.close();
  EXPECT_TRUE(eventually([&] { return nothing == ReloadDesk::waiting_max; }));
  EXPECT_FALSE(desk.ask());
}

TEST(ReloadPage, SaysWhatChangedOrWhyNot) {
  using nlohmann::json;
  const auto body = [](const std::optional<Reloaded>& reloaded) { return json::parse(reload_page(reloaded).body); };
  EXPECT_EQ(body(changed("cloud 'x' added"))["changes"], json::array({"cloud 'x' added"}));
  EXPECT_EQ(body(Reloaded())["changes"], json::array());
  Reloaded refused;
  refused.problems.add({"sluice.yaml", 3, 7}, "says \"nothing\"");
  EXPECT_EQ(reload_page(refused).status, 422);
  EXPECT_EQ(body(refused)["errors"][0],
            json({{"file", "sluice.yaml"}, {"line", 3}, {"column", 7}, {"message", "says \"nothing\""}}));
  Reloaded failed;
  failed.failure = "the disk is full";
  EXPECT_EQ(reload_page(failed).status, 503);
  EXPECT_EQ(body(failed)["detail"], "the disk is full");
  EXPECT_EQ(reload_page(std::nullopt).status, 503);
}

}  // namespace
}  // namespace sluice::app
