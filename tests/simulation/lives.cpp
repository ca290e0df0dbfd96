// Ends and beginnings, and what happens to the machine: kills, full disks, clocks, the broker, reloads.
#include <algorithm>
#include <utility>

#include "tests/simulation/world.h"

namespace sluice::simulation {

using namespace std::chrono_literals;

/// Until it works: what starts the gateway tries again.
void World::open() {
  session_untold_ = false;
  for (;;) {
    const auto done = house_.open(data_dir_, static_cast<unsigned>(history_.up_to(1 << 30)));
    if (done && !killed_) break;
    promise(excused(), "P1", "it does not start: " + (done ? "" : done.error().message));
    if (broken()) return;
    history_.note("could not start");
    full_.reset();
    killed_ ? live_on() : house_.end();
  }
  wary_ = house_.store->unclean_ends() >= 3;
  // What passed meanwhile only the calendar knows.
  for (auto& [id, given] : model_.commands)
    if (given.set_back != set_back_ || !time_.synced()) given.until = Instant::max();
  note_clouds();
}

/// One that is new begins at the present end.
void World::note_clouds() {
  const auto tail = static_cast<std::int64_t>(house_.store->snapshot().stored);
  std::erase_if(model_.clouds, [&](const auto& each) {
    return std::ranges::find(config_.clouds, each.first) == config_.clouds.end();
  });
  for (const std::string& name : config_.clouds)
    if (!model_.clouds.contains(name)) model_.clouds[name].begin = tail;
}

/// The files as they lie on the disk now are all that the next life has.
void World::die(const char* when) {
  if (killed_) return;
  history_.note(std::string("is killed ") + when);
  full_.reset();
  ++figures_.kills;
  killed_ = folder_ / ("life-" + std::to_string(++lives_));
  std::filesystem::create_directories(*killed_);
  for (const char* name : {"sluice.db", "sluice.db-wal"})
    if (std::filesystem::exists(data_dir_ / name)) std::filesystem::copy_file(data_dir_ / name, *killed_ / name);
}

void World::live_on() {
  house_.end();
  std::filesystem::remove_all(data_dir_);
  data_dir_ = *std::exchange(killed_, {});
}

void World::begin_again() {
  clock_.live_on();
  live_on();
  broker_.disconnect();
  if (history_.one_in(4)) clock_moves();
  if (history_.one_in(4)) {
    time_.set_boot(time_.boot() + 1);
    time_.set_synced(history_.one_in(2));
  }
  if (history_.one_in(8)) full_ = std::make_unique<flow::FullDisk>();
  const store::MessageCounts known = known_;
  open();
  if (broken()) return;
  recall(known);
  recall_command();
  call_.reset();
  if (!broken()) check(house_.store->snapshot());
}

/// What was acknowledged is there, each in its fate; of what was under way all or nothing.
void World::recall(const store::MessageCounts& known) {
  const std::vector<Record> stored = audit();
  const store::MessageCounts now = house_.store->snapshot().messages;
  const std::uint64_t rows = now.understood + now.quarantined, rows_known = known.understood + known.quarantined;
  if (call_ && call_->replay) {
    promise(now.understood >= known.understood, "P2", "a replay was forgotten");
    return;
  }
  promise(now.ignored <= known.ignored + (call_ ? call_->messages.size() : 0), "P2", "more is ignored than was");
  if (!call_ || rows == rows_known) {
    promise(rows == rows_known, "P2", "what was counted is counted otherwise");
    return promise(stored.empty(), "P3", "records came that nobody sent");
  }
  const std::uint64_t new_rows = rows - rows_known;
  std::size_t next = 0;
  for (const Expected& each : call_->messages) {
    const bool fits = takes(each, stored, next);
    if (each.fate == normalize::Fate::Kind::understood)
      promise(fits || each.may_be_known || each.may_be_set_aside, "P1", "half of a commit is there");
  }
  note_taken(call_->messages);
  promise(next == stored.size() && new_rows <= call_->messages.size(), "P1", "more is there than a commit held");
}

void World::recall_command() {
  if (!call_ || call_->command.empty() || broken()) return;
  const auto kept = house_.store->find_command(call_->command);
  Given& given = model_.commands[call_->command];
  if (!call_->asked_at.empty()) given.maybe_asked.insert(call_->asked_at);
  if (!kept || !*kept)
    model_.commands.erase(call_->command);
  else if (given.left == 0 && given.outcomes == 0)
    given.open = !(*kept)->progress.ended;
}

void World::machine_moves() {
  switch (history_.up_to(7)) {
    case 0:
      return die("just so");
    case 3:
    case 4:
      return cloud_moves();
    case 1:
      history_.note(full_ ? "the disk has room again" : "the disk is full");
      figures_.full_disks += full_ ? 0 : 1;
      if (full_) return full_.reset();
      full_ = std::make_unique<flow::FullDisk>();
      return;
    case 2: {
      if (full_ || !history_.one_in(2)) return;
      history_.note("restarts");
      house_.end();
      broker_.disconnect();
      if (!killed_) open();
      return;
    }
    default:
      history_.note("keeps house");
      static_cast<void>(house_.store->step());
  }
}

void World::cloud_moves() {
  const std::string& cloud = history_.one_of(config_.clouds);
  const bool back = away_.erase(cloud) > 0;
  history_.note(cloud + (back ? " is back" : " goes away"));
  if (!back) away_.insert(cloud);
}

void World::clock_moves() {
  const int choice = history_.up_to(9);
  history_.note("the clock moves: " + std::to_string(choice));
  if (choice == 0) return time_.jump(1s * history_.up_to(100));
  if (choice == 1) return ++set_back_, time_.jump(-1s * history_.up_to(100));
  if (choice == 2) return time_.set_synced(!time_.synced());
  if (choice == 3) return time_.advance(1min * history_.up_to(90));
  time_.advance(history_.one_in(4) ? 1s * history_.up_to(30) : 100ms * history_.up_to(30));
}

void World::broker_moves() {
  switch (history_.up_to(4)) {
    case 0:
      history_.note("the broker loses the session");
      ++figures_.lost_sessions;
      return broker_.lose_session();
    case 1:
      history_.note("the broker falls back");
      ++figures_.fallen_brokers;
      return broker_.fall_back();
    case 2:
      history_.note("the connection drops");
      return broker_.disconnect();
    default:
      history_.note("the broker saves");
      broker_.keep_state();
  }
}

store::Limits World::some_limits() {
  store::Limits limits;
  limits.size_max = history_.one_in(2) ? 40'000 + history_.up_to(30'000) : 200'000;
  limits.when_full = history_.one_in(3) ? store::WhenFull::hold : store::WhenFull::drop_oldest;
  if (history_.one_in(4)) limits.age_max = 1h;
  limits.quarantine_size_max = history_.one_in(2) ? 2'000 + history_.up_to(8'000) : 1'000'000;
  return limits;
}

void World::reload() {
  const int choice = history_.up_to(4);
  history_.note("reload: " + std::to_string(choice));
  ++figures_.reloads;
  if (choice == 0) {
    config_.limits = some_limits();
    return house_.store->limit(config_.limits);
  }
  if (choice == 1) return keep_clouds();
  if (choice == 2) {
    config_.may_command.clear();
    for (const char* origin : {"red", "blue", "api"})
      if (!history_.one_in(4)) config_.may_command.insert(origin);
    return house_.change_commanding();
  }
  config_.lenient = history_.one_in(2);
  config_.ignore_retained = history_.one_in(3);
  config_.unmatched = static_cast<normalize::Unmatched>(history_.up_to(3));
  reader_ = house_.normalizer();
  house_.change_reading();
}

void World::keep_clouds() {
  const std::vector<std::string> before = config_.clouds;
  config_.clouds = {"red", "blue"};
  for (const char* name : {"green", "grey"})
    if (history_.one_in(2)) config_.clouds.push_back(name);
  const auto done = house_.keep_clouds(static_cast<unsigned>(history_.up_to(1 << 30)));
  if (killed_) return;
  if (!done) {
    promise(excused(), "P5", "a cloud cannot be admitted: " + done.error().message);
    config_.clouds = before;
    return;
  }
  note_clouds();
}

bool World::at_rest() {
  const store::Snapshot now = house_.store->snapshot();
  for (const store::CloudCounts& cloud : now.clouds)
    if (cloud.backlog_records > 0) return false;
  for (const std::string& name : config_.clouds)
    if (const auto owed = house_.store->owed_answers(name, 1); !owed || !owed->empty()) return false;
  const auto open = house_.store->open_commands();
  return broker_.idle() && open && open->empty();
}

/// Left in peace, with clouds that take everything: all of it drains, whatever has happened.
void World::settle_down() {
  history_.note("is left in peace");
  quiet_ = true;
  clock_.live_on();
  full_.reset();
  time_.set_synced(true);
  for (const char* name : {"plug/a", "plug/b", "plug/c"}) hear(name, "lwt", "on", true);
  constexpr int rounds = 150;
  for (int i = 0; i < rounds && !broken(); ++i) {
    time_.advance(30s);
    const store::Snapshot before = house_.store->snapshot();
    stepped_.clear();
    promise(house_.store->step().has_value(), "P5", "it cannot keep house");
    house_.dispatch->step({});
    check(before);
    for (int batch = 0; batch < 20 && !broker_.idle() && !broken(); ++batch) hand_over();
    for (const std::string& name : config_.clouds) {
      house_.ways.at(name).answers->step({});
      for (int page = 0; page < 50 && time_.now() >= house_.ways.at(name).rests_until && !broken(); ++page)
        deliver(name);
    }
    if (at_rest()) break;
  }
  promise(at_rest(), "P5", "it does not drain");
  for (const auto& each : published_)
    promise(each->taken || each->lost, "P1", "message " + std::to_string(each->number) + " never arrived");
  check(house_.store->snapshot());
  check_commands();
}

}  // namespace sluice::simulation
