// Whatever happens in whatever order, kill -9 too: a command leaves at most once, never after its end, and ends once.
#include <map>
#include <random>
#include <set>

#include "tests/flow/road_down.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;

class DispatchHistory : public testing::TestWithParam<unsigned>, public RoadDown {
 protected:
  struct Given {
    CommandMessage message;
    Instant until{};                    ///< by the clock that never jumps; max: that alone does not say
    std::optional<Timestamp> end{};     ///< by the calendar, where that was known
    bool needs_clock = false;           ///< its end is its own word, and the clock was not synced
    int set_back = 0;                   ///< how often the clock had been set back by then
    bool open = false;                  ///< taken, and not refused at once
    int left = 0;                       ///< how often it was published
    std::set<std::string> asked_for{};  ///< where its end must be told
  };

  void SetUp() override {
    options.waiting_max = 25;
    sink.on_publish = [this](const CommandPublish& publish) { leaves(publish); };
    open();
    know(names);
  }

  int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(random); }
  bool one_in(int chances) { return up_to(chances - 1) == 0; }
  const std::string& device() { return names[static_cast<std::size_t>(up_to(2))]; }

  void act();
  void give_one();
  void give_new();
  void answered(const std::string& id, const CommandMessage& message);
  void leaves(const CommandPublish& publish);
  void may_leave(const Given& given, const CommandPublish& publish);
  void devices_speak();
  void clock_moves();
  void begins_again();
  void settle_down();
  void check();

  const std::vector<std::string> names = {"plug/a", "plug/b", "plug/c"};
  std::mt19937 random{GetParam()};
  std::map<std::string, Given> given;
  std::vector<std::string> ids_in_order;
  int made = 0, set_back = 0;
  std::unique_ptr<FullDisk> full;
  bool quiet = false;
  std::optional<std::filesystem::path> killed;  ///< at this moment; nothing that comes after it has happened
};

void DispatchHistory::act() {
  switch (up_to(9)) {
    case 0:
    case 1:
    case 2:
      return give_one();
    case 3:
      return devices_speak();
    case 4:
      return clock_moves();
    case 5:
      sink.is_ready = !one_in(4);
      sink.answer = static_cast<CommandSink::Sent>(one_in(3) ? up_to(2) : 0);
      return;
    case 6:
      if (one_in(3)) begins_again();
      return;
    case 7:
      full.reset();
      if (one_in(2)) full = std::make_unique<FullDisk>();
      return;
    default:
      step();
      full.reset();
      if (killed) begins_again();
  }
}

void DispatchHistory::give_one() {
  if (ids_in_order.empty() || !one_in(3)) return give_new();
  const std::string& id = ids_in_order[static_cast<std::size_t>(up_to(static_cast<int>(ids_in_order.size()) - 1))];
  CommandMessage message = given[id].message;
  message.reply_to = "r" + std::to_string(up_to(2));
  answered(id, message);
}

void DispatchHistory::give_new() {
  const std::string id = std::to_string(1000 + ++made);
  Given fresh;
  std::string more;
  fresh.set_back = set_back;
  Duration left = rules.expire_after;
  const bool synced = clock.synced();
  if (one_in(2)) {
    left = 1s * up_to(40);
    more = until(left);
    fresh.end = clock.wall_time() + left;
    fresh.needs_clock = !synced;
  } else if (synced) {
    fresh.end = clock.wall_time() + left;
  }
  fresh.until = fresh.needs_clock ? Instant::max() : clock.now() + left;
  const int kind = up_to(2);
  if (kind == 0) fresh.message = one(id, device(), "level", R"({"value":)" + id + "}", more);
  if (kind == 1) fresh.message = one(id, device(), "ask", R"({"n":")" + id + "\"}", more);
  if (kind == 2) fresh.message = beep(id, one_in(10) ? "plug/unheard" : device(), more);
  fresh.message.reply_to = one_in(2) ? "r" + std::to_string(up_to(2)) : "";
  const CommandMessage message = fresh.message;
  given[id] = std::move(fresh);
  answered(id, message);
  if (given.contains(id)) ids_in_order.push_back(id);
}

void DispatchHistory::answered(const std::string& id, const CommandMessage& message) {
  const bool is_new = std::find(ids_in_order.begin(), ids_in_order.end(), id) == ids_in_order.end();
  const auto answers = dispatch->accept("cloud", message);
  if (!answers) {
    EXPECT_NE(full, nullptr) << answers.error().message;
    if (is_new) given.erase(id);
    return;
  }
  ASSERT_EQ(answers->size(), 1u);
  if (is_new) given[id].open = !answers->at(0).ended;
  if (!message.reply_to.empty()) given[id].asked_for.insert(message.reply_to);
}

void DispatchHistory::leaves(const CommandPublish& publish) {
  if (killed) return;
  ASSERT_TRUE(given.contains(publish.payload)) << publish.payload;
  Given& command = given[publish.payload];
  EXPECT_EQ(++command.left, 1) << publish.payload << " leaves again";
  EXPECT_TRUE(command.open) << publish.payload << " was refused";
  EXPECT_EQ(state(publish.payload), "sent for now") << publish.payload;
  may_leave(command, publish);
  if (quiet) return;
  if (one_in(6)) devices_speak();
  if (one_in(6)) clock.advance(1s * up_to(8));
  if (one_in(6)) give_one();
  if (!full && one_in(8)) full = std::make_unique<FullDisk>();
  if (!full && one_in(8)) killed = copy_of_the_disk();
}

void DispatchHistory::may_leave(const Given& command, const CommandPublish& publish) {
  EXPECT_GE(publish.expires_in, 1s);
  EXPECT_TRUE(command.until == Instant::max() || clock.now() + publish.expires_in <= command.until) << publish.payload;
  EXPECT_TRUE(!command.needs_clock || clock.synced()) << publish.payload;
  const bool dated = command.end && clock.synced();
  EXPECT_TRUE(!dated || clock.wall_time() + publish.expires_in <= *command.end) << publish.payload;
}

void DispatchHistory::devices_speak() {
  const std::string& who = device();
  if (one_in(3)) return hear(who, one_in(3) ? "off" : "on", one_in(2), "lwt");
  hear(who, one_in(4) ? R"({"OTHER":1})" : R"({"POWER":"ON"})", one_in(6));
}

void DispatchHistory::clock_moves() {
  switch (up_to(7)) {
    case 0:
      clock.jump(1s * up_to(100));
      return;
    case 1:
      clock.jump(-1s * up_to(100));
      ++set_back;
      return;
    case 2:
      clock.set_synced(!clock.synced());
      return;
    default:
      clock.advance(one_in(4) ? 1s * up_to(30) : 100ms * up_to(30));
  }
}

void DispatchHistory::begins_again() {
  full.reset();
  if (killed)
    live_on(*std::exchange(killed, {}));
  else if (one_in(3))
    open_again();
  else
    kill();
  // What passed meanwhile only the calendar knows.
  for (auto& [id, command] : given)
    if (command.set_back != set_back || !clock.synced()) command.until = Instant::max();
}

void DispatchHistory::settle_down() {
  quiet = true;
  full.reset();
  sink.is_ready = true;
  clock.set_synced(true);
  for (const std::string& name : names) hear(name, "on", true, "lwt");
  for (int i = 0; i < 60; ++i) pass(30s);
}

void DispatchHistory::check() {
  EXPECT_TRUE(store->open_commands()->empty());
  std::map<std::string, int> ends;
  for (const Record& record : records(RecordKind::outcome)) {
    const std::size_t at = record.data.find("\"id\":\"") + 6;
    ++ends[record.data.substr(at, record.data.find('"', at) - at)];
  }
  EXPECT_EQ(ends.size(), given.size());
  std::set<std::string> asked, owed_now;
  std::uint64_t accepted = 0;
  for (const auto& [id, command] : given) {
    EXPECT_EQ(ends[id], 1) << id << " has not ended once";
    const store::KeptCommand end = kept(id);
    EXPECT_TRUE(end.progress.ended) << id;
    const CommandState state = end.progress.state;
    const bool never = state == CommandState::expired || state == CommandState::rejected;
    const bool once = state == CommandState::sent || state == CommandState::succeeded;
    EXPECT_TRUE(!never || command.left == 0) << id;
    EXPECT_TRUE(!once || command.left == 1) << id;
    for (const std::string& place : command.asked_for) asked.insert(id + "@" + place);
    accepted += command.open ? 1 : 0;
  }
  for (const store::OwedAnswer& each : owed())
    EXPECT_TRUE(owed_now.insert(each.id + "@" + each.reply_to).second) << each.id << " is owed twice";
  EXPECT_EQ(owed_now, asked);
  EXPECT_EQ(store->snapshot().commands.accepted, accepted);
}

TEST_P(DispatchHistory, EachCommandLeavesAtMostOnceInTimeAndEndsOnce) {
  for (int i = 0; i < 250 && !HasFailure(); ++i) act();
  settle_down();
  check();
}

INSTANTIATE_TEST_SUITE_P(Seeds, DispatchHistory, testing::Range(1U, 41U));

}  // namespace
}  // namespace sluice::flow
