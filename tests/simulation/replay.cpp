// What lies in quarantine is read again, and refused records are sent again.
#include <utility>

#include "gateway/flow/read_message.h"
#include "tests/simulation/world.h"

namespace sluice::simulation {

namespace {

using Fate = flow::Replayed::Fate;

constexpr std::int64_t nobodys_id = 1'000'000;

Message read_again(const store::Quarantined& what) {
  Message message;
  message.topic = what.topic;
  message.payload = what.payload;
  message.payload_size = what.payload_size;
  message.retained = what.retained;
  message.received_at = what.received_at;
  message.boot_at = what.boot_at;
  return message;
}

}  // namespace

void World::replay() {
  const auto page = house_.store->quarantine({}, {.count_max = 6});
  if (!page) return promise(false, "P5", "quarantine cannot be read: " + page.error().message);
  std::vector<std::int64_t> ids{nobodys_id};
  Call call{.replay = true};
  Refused refused;
  for (auto each = page->entries.rbegin(); each != page->entries.rend(); ++each) {
    if (history_.one_in(3)) continue;
    ids.push_back(each->id);
    foresee(each->id, call, refused);
  }
  call_ = std::move(call);
  const store::MessageCounts before = house_.store->snapshot().messages;
  const auto done = house_.replay->replay(ids);
  history_.note("replays " + std::to_string(ids.size() - 1) + (done ? "" : ": refused"));
  if (killed_) return;
  const std::uint64_t understood = match_replay(std::exchange(call_, {})->messages, before);
  std::uint64_t answered = 0;
  if (done)
    for (const flow::Replayed& each : *done) answered += note_replayed(each, refused);
  promise(answered == understood, "P5", "a replay answers otherwise than it did");
}

/// What is to become of this entry. A record may be sent again from the moment it is asked for.
void World::foresee(std::int64_t id, Call& call, Refused& refused) {
  const auto entry = house_.store->quarantined(id);
  if (!entry || !*entry) return promise(false, "P5", "an entry that is listed is not there");
  const store::Quarantined& what = (*entry)->what;
  if (what.record) {
    refused[id] = {what.cloud, what.record->id};
    if (model_.clouds.contains(what.cloud)) model_.clouds[what.cloud].again.insert(what.record->id);
    return;
  }
  Expected expected{{std::make_shared<Publish>()}};
  expected.fate = flow::read_message(read_again(what), *house_.normalizer(), false, expected.records).kind;
  call.messages.push_back(std::move(expected));
}

std::uint64_t World::match_replay(const std::vector<Expected>& expected, const store::MessageCounts& before) {
  const std::vector<Record> stored = audit();
  const store::MessageCounts now = known_ = house_.store->snapshot().messages;
  std::size_t next = 0;
  std::uint64_t understood = 0;
  for (const Expected& each : expected) understood += takes(each, stored, next) ? 1 : 0;
  promise(next == stored.size(), "P3", "a replay stored what no entry says");
  promise(now.understood - before.understood == understood, "P2", "a replay is counted otherwise than stored");
  promise(before.quarantined - now.quarantined == understood + (now.ignored - before.ignored), "P2",
          "what left quarantine has no fate");
  return understood;
}

/// Whether it was understood.
bool World::note_replayed(const flow::Replayed& replayed, const Refused& refused) {
  promise(replayed.id != nobodys_id || replayed.fate == Fate::gone, "P5", "what was not there was replayed");
  const auto record = refused.find(replayed.id);
  if (record != refused.end() && replayed.fate != Fate::resent && model_.clouds.contains(record->second.first))
    model_.clouds[record->second.first].again.erase(record->second.second);
  figures_.replayed += replayed.fate == Fate::understood || replayed.fate == Fate::resent ? 1 : 0;
  return replayed.fate == Fate::understood;
}

}  // namespace sluice::simulation
