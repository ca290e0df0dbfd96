#include "tests/faults/life.h"

#include <algorithm>
#include <utility>

namespace sluice::store {

namespace {

using namespace std::chrono_literals;

constexpr Store::ReadLimits all_of_it = {.count_max = 1'000'000, .bytes_max = std::int64_t{1} << 40};

KeptCommand command(std::int64_t number, Timestamp now) {
  const std::string text = std::to_string(number);
  KeptCommand kept;
  kept.number = number;
  kept.command = {"c" + text, "a", "plug/" + text, "power", R"({"state":"ON"})", now + 60s};
  kept.accepted_at = kept.progress.at = now;
  kept.digest = static_cast<std::uint64_t>(number);
  return kept;
}

}  // namespace

void Life::ended(bool worked, const Error& error) {
  if (!worked) failures.push_back(error);
  after_call(worked);
}

template <class Call>
bool Life::attempt(Promised next, const Call& call) {
  const std::uint64_t commits = stage_.store->commit_times().count;
  const auto done = call(*stage_.store);
  const bool worked = done.has_value();
  if (worked) {
    sure = std::move(next);
    // A commit that failed may still stand in the log: until another is written over it.
    if (stage_.store->commit_times().count != commits) perhaps.clear();
  } else {
    perhaps.push_back(std::move(next));
  }
  ended(worked, worked ? Error{} : done.error());
  return worked;
}

bool Life::open() {
  for (int tries = 0; tries < 2; ++tries) {
    const auto opened = stage_.open();
    ended(opened.has_value(), opened ? Error{} : opened.error());
    if (opened) return true;
  }
  return false;
}

void Life::close() {
  stage_.store.reset();
  ended(true, {});
}

bool Life::keep_clouds(const std::vector<std::string>& names) {
  Promised next = sure;
  next.keep_clouds(names);
  return attempt(std::move(next), [&](Store& store) { return store.keep_clouds(names); });
}

Batch Life::messages(std::size_t count, std::size_t size) {
  Batch batch = stage_.batch(count, size);
  for (std::size_t i = 0; i < count; ++i) batch.receipts.push_back({++packets_, std::uint64_t{packets_} * 7919});
  return batch;
}

bool Life::append(const Batch& batch) {
  Promised next = sure;
  next.append(batch, stage_.options.limits);
  return attempt(std::move(next), [&](Store& store) { return store.append(batch); });
}

void Life::deliver(const std::string& cloud) {
  const auto page = stage_.store->read(cloud, all_of_it);
  ended(page.has_value(), page ? Error{} : page.error());
  if (!page) return;
  std::vector<Store::Settlement> settlements;
  for (const std::int64_t position : page->positions)
    settlements.push_back({position, position % 5 == 0 ? Settled::skipped : Settled::delivered});
  Promised next = sure;
  next.settle(cloud, settlements, {});
  attempt(std::move(next), [&](Store& store) { return store.settle(cloud, settlements); });
}

void Life::step() {
  stage_.clock.advance(1s);
  attempt(sure, [&](Store& store) { return store.step(); });
}

void Life::take_commands() {
  Batch batch;
  const Timestamp now = stage_.clock.wall_time();
  for (std::int64_t number = 1; number <= 4; ++number) {
    batch.commands.push_back(command(number, now));
    batch.answers.push_back({number, "a", "answers/me", "c" + std::to_string(number)});
    batch.devices.push_back({"plug/" + std::to_string(number), number % 2 == 0, now});
  }
  batch.answers.push_back({5, "b", "answers/me", "", "it could not be read"});
  batch.settings.push_back({"b", "plug/1", "power", 1, "c1"});
  append(batch);
}

void Life::change(std::int64_t number, CommandState state, bool ends) {
  if (!sure.commands.contains(number)) return;
  Batch batch;
  batch.changes.push_back({number, {state, ends, ends ? 200 : 202, "", "", "", stage_.clock.wall_time()}});
  if (ends) batch.records.push_back(stage_.record(number));
  append(batch);
}

// The second is under way when all ends, the third is never sent.
void Life::commands() {
  take_commands();
  change(1, CommandState::sent, false);
  change(2, CommandState::sent, false);
  change(1, CommandState::succeeded, true);
  change(4, CommandState::expired, true);
  Batch told;
  told.told = {1};
  told.gone_devices = {"plug/3"};
  append(told);
}

void Life::refuse(const std::string& cloud) {
  const auto page = stage_.store->read(cloud, {.count_max = 3});
  ended(page.has_value(), page ? Error{} : page.error());
  if (!page || page->records.empty()) return;
  const std::vector<Store::Settlement> settlements = {{page->positions[0], Settled::rejected}};
  const std::vector<Quarantined> refused = {{.reason = "422", .cloud = cloud, .record = page->records[0]}};
  Promised next = sure;
  next.settle(cloud, settlements, refused);
  attempt(std::move(next), [&](Store& store) { return store.settle(cloud, settlements, refused); });
}

void Life::send_again(bool accepted) {
  for (const auto& [id, entry] : sure.quarantine) {
    if (entry.cloud.empty() || entry.again) continue;
    Promised next = sure;
    next.send_again(id);
    const std::vector<std::int64_t> ids = {id};
    attempt(std::move(next), [&](Store& store) { return store.send_again(ids); });
    break;
  }
  const auto page = stage_.store->read_again("b", all_of_it);
  ended(page.has_value(), page ? Error{} : page.error());
  if (!page || page->positions.empty()) return;
  const std::vector<Store::AgainSettlement> settlements = {{page->positions[0], accepted, accepted ? "" : "422 again"}};
  Promised next = sure;
  next.settle_again(settlements[0]);
  attempt(std::move(next), [&](Store& store) { return store.settle_again("b", settlements); });
}

void Life::replay() {
  std::vector<Reread> reread;
  Promised next = sure;
  for (const auto& [id, entry] : sure.quarantine) {
    if (!entry.cloud.empty()) continue;
    Reread& message = reread.emplace_back(Reread{.id = id, .fate = Reread::Fate::quarantined, .reason = "worse"});
    if (reread.size() == 1) message.fate = Reread::Fate::understood;
    if (reread.size() == 1) message.records = {stage_.record(id)};
    if (reread.size() == 2) message.fate = Reread::Fate::ignored;
    next.replay(message, stage_.options.limits);
  }
  attempt(std::move(next), [&](Store& store) { return store.replay(reread); });
}

void Life::discard() {
  const auto last = std::find_if(sure.quarantine.rbegin(), sure.quarantine.rend(),
                                 [](const auto& each) { return !each.second.again; });
  if (last == sure.quarantine.rend()) return;
  const std::vector<std::int64_t> ids = {last->first};
  Promised next = sure;
  next.quarantine.erase(ids[0]);
  attempt(std::move(next), [&](Store& store) { return store.discard(ids); });
}

void Life::quarantine() {
  Batch batch = messages(1);
  for (int i = 0; i < 4; ++i) batch.quarantined.push_back({.reason = "broken", .topic = "t", .payload = "p"});
  batch.counts = {.received_qos1 = 5, .understood = 1, .quarantined = 4};
  append(batch);
  refuse("b");
  refuse("b");
  send_again(false);
  send_again(true);
  replay();
  discard();
}

// They came before the clock was synced, and are mended once it is.
void Life::early_messages() {
  Batch batch = messages(2);
  for (Record& record : batch.records) record.boot_at = stage_.clock.wall_time() - 1h;
  stage_.clock.set_synced(false);
  append(batch);
  stage_.clock.set_synced(true);
  step();
}

void Life::day(std::size_t bulk) {
  stage_.options.limits.size_max = 25'000;
  if (!open()) return;
  if (!keep_clouds({"a", "b"}) && !keep_clouds({"a", "b"})) return close();
  append(messages(3));
  append(messages(1, 9'000));
  deliver("a");
  commands();
  quarantine();
  early_messages();
  append(messages(3, 7'000));  // more than there is room for
  Batch anew = messages(bulk, 90);
  anew.forget_receipts = true;
  append(anew);
  deliver("a");
  deliver("b");
  step();
  close();
}

void Life::next_day() {
  if (!open()) return;
  append(messages(2));
  keep_clouds({"a"});
  append(messages(1));
  deliver("a");
  close();
}

}  // namespace sluice::store
