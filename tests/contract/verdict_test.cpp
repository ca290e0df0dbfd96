// What a connector makes of what its peer says: every sentence of UplinkSink in gateway/core/ports.h.
#include <algorithm>
#include <random>
#include <sstream>

#include "tests/contract/cases.h"
#include "tests/stage/experiment.h"
#include "tests/stage/process.h"

namespace sluice::contract {
namespace {

using stage::eventually;

TEST_P(Sink, AcceptsWhatItsPeerHasTaken) {
  start();
  const auto all = records(5);
  EXPECT_EQ(settle(all), "aaaaa");
  EXPECT_TRUE(arrived(all));
  EXPECT_EQ(arrivals(), 5U) << "each once";
  if (standing()) {
    EXPECT_EQ(connector.sink->link()->health, Link::Health::up);
  }
}

TEST_P(Sink, SendsNothingForNothing) {
  start();
  EXPECT_EQ(settle({}), "");
  EXPECT_EQ(arrivals(), 0U);
}

/// The row of that kind in connectors/README.md: what each cell after the name says.
std::vector<std::string> row_of(const std::string& name) {
  std::istringstream page(stage::read_file(std::string(SLUICE_SOURCE_DIR) + "/connectors/README.md"));
  std::vector<std::string> cells;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `" + name + "` |")) continue;
    std::istringstream row(line.substr(name.size() + 7));
    for (std::string cell; std::getline(row, cell, '|');) cells.push_back(cell);
  }
  return cells;
}

TEST_P(Sink, ItsPeerSaysWhatTheTableSays) {
  const std::vector<std::string> cells = row_of(GetParam().name);
  ASSERT_EQ(cells.size(), 4U) << "no such row in connectors/README.md";
  const Act acts[] = {Act::accept, Act::reject, Act::defer, Act::pause};
  const std::string expected = "ardp";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    EXPECT_EQ(cells[i] != " - ", says(acts[i])) << cells[i];
    if (!says(acts[i]) || acts[i] == Act::pause) continue;
    if (connector.sink == nullptr) start();
    peer.does(acts[i]);
    EXPECT_EQ(settle(records(1)), expected.substr(i, 1));
  }
}

TEST_P(Sink, WaitsWhileItsLoginIsRefused) {
  peer.refuses_login(true);
  start();
  const auto all = records(2);
  Answer answer = deliver(all);
  expect_put_off(answer, true);
  EXPECT_EQ(arrivals(), 0U);
  peer.refuses_login(false);
  expect_recovery(answer, all);
}

TEST_P(Sink, ARefusalOfOneConcernsNoOther) {
  start();
  const auto all = records(5);
  const bool can = says(Act::reject);
  if (can) peer.does(all[2].id.text(), Act::reject, 100);
  EXPECT_EQ(drain(all), can ? "aaraa" : "aaaaa");
  EXPECT_TRUE(arrived(all));
}

TEST_P(Sink, NothingCountsBehindADeferral) {
  start();
  const auto all = records(6);
  // Where a peer cannot say "not now" it ends the connection.
  peer.does(all[2].id.text(), says(Act::defer) ? Act::defer : Act::cut);
  Answer answer = deliver(all);
  const std::string said = take(answer);
  EXPECT_EQ(said.find('r'), std::string::npos) << said;
  if (says(Act::defer)) {
    EXPECT_LE(said.find_last_of('a') + 1, 2U) << said;
  }
  const std::size_t settled = std::min(said.find_first_not_of('a'), said.size());
  EXPECT_EQ(drain(std::span(all).subspan(settled)), std::string(all.size() - settled, 'a'));
  EXPECT_TRUE(arrived(all));
}

TEST_P(Sink, WaitsForASlowPeer) {
  start();
  peer.does(Act::late);
  const auto all = records(4);
  EXPECT_EQ(settle(all), "aaaa");
  EXPECT_EQ(arrivals(), 4U) << "nothing twice";
  EXPECT_TRUE(arrived(all));
}

/// At most two in each delivery: more look as if two clients fought for one name.
TEST_P(Sink, LosesNothingAndKeepsTheOrder) {
  constexpr std::size_t at_once = 30;
  const unsigned seed = stage::experiment_seed();
  SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
  std::minstd_rand dice(seed);
  std::vector<Act> troubles = {Act::cut, Act::garble, Act::late};
  if (says(Act::defer)) troubles.push_back(Act::defer);
  const std::vector<std::string> garbage = GetParam().garbage();
  peer.garbles_with(garbage[dice() % garbage.size()]);
  start();
  const auto all = records(stage::rounds(120, 6000));
  for (std::size_t i = 0; i < all.size(); i += at_once)
    for (int trouble = 0; trouble < 2; ++trouble)
      peer.does(all[i + dice() % at_once].id.text(), troubles[dice() % troubles.size()]);
  std::string said;
  for (std::size_t i = 0; i < all.size(); i += at_once) {
    clock.shift(std::chrono::seconds(6));
    said += drain(std::span(all).subspan(i, at_once));
  }
  EXPECT_EQ(said, std::string(all.size(), 'a'));
  EXPECT_TRUE(arrived(all));
  const auto lost =
      static_cast<std::uint64_t>(std::count_if(said.begin(), said.end(), [](char c) { return c != 'a'; }));
  stage::note_figures("contract of " + GetParam().name + " (" + GetParam().variant + ")", "P3 P4 P5", seed,
                      {{"records", all.size()},
                       {"connections", static_cast<std::uint64_t>(peer.connections())},
                       {"repeated", arrivals() - all.size()},
                       {"lost", lost + all.size() - said.size()}});
}

TEST_P(Sink, CarriesWhateverARecordHolds) {
  start();
  auto all = records(4);
  all[0].data = R"({"nul":"\u0000","quote":"\"\\\/","controls":"\u0001\u001f","text":"K\u00fcche 🛠 é ￿"})";
  all[0].device = std::string("d/\0\1\x7f\"\\+#$ 🛠", 14);
  all[0].schema = "a/b\"\n";
  all[1].data = "{ \"spaces\" : [ 1 , 2.50 , 1e300, -0 , 12345678901234567890123 ] ,\n\t\"a\":{}}";
  all[2].data = R"({"deep":)" + std::string(60, '[') + std::string(60, ']') + "}";
  all[3].data = R"({"huge":")" + std::string(GetParam().record_bytes_max - 10'000, 'x') + "\"}";
  EXPECT_EQ(drain(all), "aaaa");
  EXPECT_TRUE(arrived(all));
  for (const Record& record : all) {
    bool whole = false;
    for (const Arrival& arrival : peer.arrivals())
      whole = whole || (arrival.id == record.id.text() && arrival.text->find(record.data) != std::string::npos);
    EXPECT_TRUE(whole) << record.data.substr(0, 100);
  }
}

TEST_P(Sink, KeepsItsSecrets) {
  peer.refuses_login(true);
  start();
  const auto all = records(2);
  Answer answer = deliver(all);
  expect_put_off(answer, true);
  peer.shows(peer.authority().server({"other.example"}));
  if (!standing()) answer = deliver(all);
  EXPECT_TRUE(in_time([this] { return told().find("certificate") != std::string::npos; }));
  expect_put_off(answer, true);
  peer.goes_away();
  if (!standing()) answer = deliver(all);
  expect_put_off(answer, false);
  EXPECT_TRUE(stop());
  EXPECT_GT(told().size(), 100U);
  for (const std::string& secret : GetParam().secrets) EXPECT_EQ(told().find(secret), std::string::npos) << told();
}

}  // namespace
}  // namespace sluice::contract
