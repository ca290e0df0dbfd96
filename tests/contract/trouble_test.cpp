// What a connector lives through: a peer that hangs, breaks off, says nonsense, is away, or is another one.
#include "tests/contract/cases.h"
#include "tests/stage/process.h"

namespace sluice::contract {
namespace {

using stage::eventually;
constexpr Duration soon(300);

TEST_P(Sink, GivesUpAHandshakeThatHangs) {
  expect_patience_with(Door::deaf);
}

TEST_P(Sink, GivesUpAPeerThatNeverSpeaks) {
  expect_patience_with(Door::mute);
}

TEST_P(Sink, InventsNoVerdictWhereNoneComes) {
  start(soon);
  peer.does(Act::silence);
  const auto all = records(3);
  Answer answer = deliver(all);
  expect_put_off(answer);
  peer.does(Act::accept);
  peer.ends_connections();
  expect_recovery(answer, all);
}

TEST_P(Sink, SendsAgainWhatBrokeOffHalfway) {
  peer.stands(Door::torn);
  start();
  const auto all = records(2, GetParam().record_bytes_max / 2);
  Answer answer = deliver(all);
  EXPECT_TRUE(eventually([this] { return peer.deliveries_begun() > 0; }));
  EXPECT_EQ(arrivals(), 0U);
  peer.stands(Door::open);
  expect_recovery(answer, all);
}

TEST_P(Sink, SendsAgainWhatGotNoAnswer) {
  start();
  const auto all = records(5);
  peer.does(all[0].id.text(), Act::cut);
  peer.does(all[3].id.text(), Act::cut);
  EXPECT_EQ(drain(all), "aaaaa");
  EXPECT_TRUE(arrived(all));
  EXPECT_GT(arrivals(), all.size()) << "what got no answer came again";
}

TEST_P(Sink, TakesNoNonsenseForAnAnswer) {
  for (const std::string& garbage : GetParam().garbage()) {
    peer.garbles_with(garbage);
    start(std::chrono::seconds(5));
    const auto all = records(2);
    const std::size_t before = arrivals();
    peer.does(all[0].id.text(), Act::garble);
    EXPECT_EQ(standing() ? "dd" : settle(all), "dd") << garbage.substr(0, 50);
    EXPECT_EQ(drain(all), "aa") << garbage.substr(0, 50);
    EXPECT_GE(arrivals(), before + 3) << garbage.substr(0, 50) << " was taken for an answer";
    EXPECT_TRUE(stop());
    stopper = {};
  }
}

TEST_P(Sink, ComesBackByItself) {
  peer.goes_away();
  start();
  const auto all = records(3);
  Answer answer = deliver(all);
  expect_put_off(answer);
  peer.comes_back();
  expect_recovery(answer, all);
}

TEST_P(Sink, ComesBackToAPeerThatWentAway) {
  start();
  auto all = records(2);
  EXPECT_EQ(settle(all), "aa");
  peer.goes_away();
  const auto more = records(2);
  Answer answer = deliver(more);
  expect_put_off(answer);
  peer.comes_back();
  all.insert(all.end(), more.begin(), more.end());
  EXPECT_EQ(standing() ? take(answer) : drain(more), "aa");
  EXPECT_TRUE(arrived(all));
}

TEST_P(Sink, SendsNothingToAnotherAuthoritysPeer) {
  const stage::TempFolder folder;
  expect_nothing_for(stage::Authority(folder.path(), "other").server({"127.0.0.1"}));
}

TEST_P(Sink, SendsNothingToAPeerOfAnotherName) {
  expect_nothing_for(peer.authority().server({"other.example"}));
}

}  // namespace
}  // namespace sluice::contract
