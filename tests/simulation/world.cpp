// What is true after each move, whatever it was.
#include "tests/simulation/world.h"

#include <algorithm>
#include <utility>

#include "tests/store/stage.h"

namespace sluice::simulation {

namespace {

std::uint64_t dropped(const store::CloudCounts& counts) {
  return counts.dropped_size + counts.dropped_age;
}

std::string text(std::int64_t number) {
  return std::to_string(number);
}

}  // namespace

Figures& Figures::operator+=(const Figures& other) {
  kills += other.kills, full_disks += other.full_disks, fallen_brokers += other.fallen_brokers;
  lost_sessions += other.lost_sessions, reloads += other.reloads, taken += other.taken;
  redelivered += other.redelivered, repeated += other.repeated, dropped += other.dropped;
  replayed += other.replayed, commands += other.commands, undecidable += other.undecidable;
  return *this;
}

World::World(unsigned seed) : history_(seed), broker_(history_.one_in(8)), kill_chances_(10 << history_.up_to(4)) {
  config_.limits = some_limits();
  config_.clouds = {"red", "blue", "green"};
  config_.may_command = {"red", "blue", "api"};
  for (const char* name : {"red", "blue", "green", "grey"}) {
    clouds_[name].on_deliver = [this, name](std::span<const Record> records) { return judge(name, records); };
    clouds_[name].on_answer = [this, name](const std::string& reply_to, const CommandAnswer& answer) {
      return told(name, reply_to, answer);
    };
  }
  sink_.on_publish = [this](const CommandPublish& publish) { sink_.answer = leaves(publish); };
  reader_ = house_.normalizer();
  if (history_.one_in(3)) time_.set_synced(false);
  if (history_.one_in(3)) time_.jump(-std::chrono::days(400));
  data_dir_ = folder_ / "life-0";
}

void World::play(int moves) {
  open();
  for (int i = 0; i < moves && !broken(); ++i) {
    const store::Snapshot before = house_.store->snapshot();
    known_ = before.messages;
    history_.note(text(i) + ". received " + text(static_cast<std::int64_t>(known_.received())) + ", stored " +
                  text(model_.tail()));
    stepped_.clear();
    // Death comes at one of the next looks at the clock, wherever that is.
    if (history_.one_in(kill_chances_))
      clock_.die_at(1 + history_.up_to(30), [this] { die("while it looked at the clock"); });
    move();
    if (killed_) {
      begin_again();
    } else if (!broken()) {
      check(before);
    }
  }
  if (!broken()) settle_down();
  clock_.live_on();
}

void World::move() {
  const int choice = history_.up_to(99);
  if (choice < 22) return publish();
  if (choice < 44) return hand_over();
  if (choice < 60) return deliver(history_.one_of(config_.clouds));
  if (choice < 67) return give();
  if (choice < 77) return static_cast<void>((history_.note("dispatch steps"), house_.dispatch->step({})));
  if (choice < 80) return device_speaks();
  if (choice < 84) return static_cast<void>(house_.ways.at(history_.one_of(config_.clouds)).answers->step({}));
  if (choice < 88) return clock_moves();
  if (choice < 90) return broker_moves();
  if (choice < 93) return replay();
  if (choice < 95) return reload();
  machine_moves();
}

void World::check(const store::Snapshot& before) {
  const std::vector<Record> others = audit();
  promise(others.empty(), "P3", "records came that nobody sent: " + (others.empty() ? "" : others[0].data));
  const store::Snapshot now = house_.store->snapshot();
  const std::string broken_equation = store::broken_equation(now);
  promise(broken_equation.empty(), "P2", "an equation does not hold: " + broken_equation);
  promise(now.stored == model_.log.size(), "P2", "stored " + text(static_cast<std::int64_t>(now.stored)));
  for (const store::CloudCounts& cloud : now.clouds) {
    const store::CloudCounts* earlier = counts_of(before, cloud.name);
    if (cloud.name != House::audit) check_cloud(earlier ? *earlier : cloud, cloud);
  }
  check_bounds(before, now);
}

/// The auditor is a cloud that is never away: it sees each record at once, and what it has seen stays as it was.
std::vector<Record> World::audit() {
  std::vector<Record> fresh;
  const auto page = house_.store->read(House::audit, {.count_max = 100'000, .bytes_max = 1 << 30});
  if (!page) return promise(false, "P1", "the outbox cannot be read: " + page.error().message), fresh;
  std::vector<store::Store::Settlement> settlements;
  for (std::size_t i = 0; i < page->records.size() && !broken(); ++i) {
    const Record& record = page->records[i];
    const std::int64_t place = page->positions[i];
    settlements.push_back({place, store::Settled::delivered});
    if (place <= model_.tail()) {
      promise(model_.entry(place).id == record.id, "P3", "place " + text(place) + " has another id than before");
      continue;
    }
    promise(place == model_.tail() + 1, "P1", "place " + text(place) + " comes after " + text(model_.tail()));
    promise(model_.append(record), "P3", "an id was given twice");
    if (record.kind == RecordKind::outcome)
      note_outcome(record);
    else if (record.kind != RecordKind::notice)
      fresh.push_back(record);
  }
  promise(page->settled + static_cast<std::int64_t>(page->records.size()) == model_.tail(), "P1",
          "the outbox ends before what was stored");
  const auto settled = house_.store->settle(House::audit, settlements);
  promise(settled.has_value(), "P1", "the auditor cannot settle");
  return fresh;
}

std::int64_t World::cursor_of(const std::string& cloud) {
  const auto page = house_.store->read(cloud, {.count_max = 1});
  if (page) return page->settled;
  promise(false, "P1", cloud + " cannot read: " + page.error().message);
  return 0;
}

bool World::wants(const std::string& cloud, std::int64_t place) const {
  return cloud != "green" || model_.entry(place).device.starts_with("probe/");
}

const store::CloudCounts* World::counts_of(const store::Snapshot& shown, const std::string& cloud) const {
  const auto found = std::ranges::find(shown.clouds, cloud, &store::CloudCounts::name);
  return found == shown.clouds.end() ? nullptr : &*found;
}

/// Only its own move settles anything, and only as it said; whatever else passes its cursor was dropped, once.
void World::check_cloud(const store::CloudCounts& before, const store::CloudCounts& now) {
  const Told& told = model_.clouds[now.name];
  const std::int64_t cursor = cursor_of(now.name);
  std::uint64_t unheard = 0, accepted = 0, rejected = 0, skipped = 0;
  for (std::int64_t place = told.begin + 1; place <= cursor; ++place) {
    const char said = told.at(place);
    const bool wanted = wants(now.name, place);
    ++(!wanted ? skipped : said == 'a' ? accepted : said == 'r' ? rejected : unheard);
  }
  promise(unheard <= dropped(now), "P1",
          now.name + ": " + text(static_cast<std::int64_t>(unheard)) + " records are gone that it never had, and " +
              text(static_cast<std::int64_t>(dropped(now))) + " were dropped");
  promise(now.skipped <= skipped, "P2", now.name + ": more skipped than it did not want");
  promise(now.delivered <= accepted + now.replayed, "P2", now.name + ": more delivered than it took");
  if (stepped_ != now.name && &before != &now) {
    promise(now.delivered == before.delivered && now.skipped == before.skipped, "P2", now.name + " moved by itself");
    promise(now.rejected <= before.rejected, "P2", now.name + " rejected by itself");
  }
  if (stepped_ == now.name)
    promise(dropped(now) == dropped(before) || now.replayed > 0, "P2", now.name + ": dropped by delivering");
  figures_.dropped += dropped(now) - std::min(dropped(now), dropped(before));
}

void World::check_bounds(const store::Snapshot& before, const store::Snapshot& now) {
  std::int64_t least = model_.tail();
  for (const store::CloudCounts& cloud : now.clouds) least = std::min(least, cursor_of(cloud.name));
  promise(now.outbox_bytes == model_.bytes_behind(least), "P7",
          "the outbox says " + text(now.outbox_bytes) + " bytes and holds " + text(model_.bytes_behind(least)));
  const bool grew = now.stored > before.stored;
  const store::Limits& limits = config_.limits;
  if (limits.when_full == store::WhenFull::drop_oldest) {
    promise(now.outbox_bytes <= (grew ? limits.size_max : std::max(before.outbox_bytes, limits.size_max)), "P7",
            "the outbox holds " + text(now.outbox_bytes) + " bytes of " + text(limits.size_max));
    // No more than it must: with the last of what was dropped it would be over its bound.
    std::uint64_t by_size = 0;
    for (const store::CloudCounts& cloud : now.clouds)
      if (const auto* earlier = counts_of(before, cloud.name)) by_size += cloud.dropped_size - earlier->dropped_size;
    const bool again = std::ranges::any_of(model_.clouds, [](const auto& each) { return !each.second.again.empty(); });
    const bool in_order = by_size > 0 && !again && least > 0;
    promise(!in_order || model_.bytes_behind(least - 1) > limits.size_max, "P2", "more was dropped than had to be");
  }
  // What is sent again belongs to a backlog, and lies in quarantine all the same; a smaller bound acts at the next
  // entry.
  std::int64_t quarantine = now.quarantine_bytes;
  for (const store::CloudCounts& cloud : now.clouds)
    quarantine += cloud.backlog_bytes - model_.bytes_behind(cursor_of(cloud.name));
  promise(quarantine <= std::max(quarantine_bytes_, limits.quarantine_size_max), "P7",
          "quarantine holds " + text(quarantine) + " bytes");
  quarantine_bytes_ = quarantine;
}

void World::note_outcome(const Record& record) {
  const std::size_t at = record.data.find("\"id\":\"") + 6;
  const std::string id = record.data.substr(at, record.data.find('"', at) - at);
  // One that was just taken when the gateway was killed is looked for later.
  promise(model_.commands.contains(id), "P6", "an outcome of no command: " + record.data);
  promise(++model_.commands[id].outcomes == 1, "P6", "command " + id + " ends a second time: " + record.data);
}

}  // namespace sluice::simulation
