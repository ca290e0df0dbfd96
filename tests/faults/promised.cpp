#include "tests/faults/promised.h"

#include <algorithm>

#include "tests/store/stage.h"

namespace sluice::store {

namespace {

constexpr Store::ReadLimits all_of_it = {.count_max = 1'000'000, .bytes_max = std::int64_t{1} << 40};

std::string key_of(const KeptSetting& setting) {
  return setting.cloud + " " + setting.device + " " + setting.command;
}

bool same(const KeptCommand& kept, const KeptCommand& found) {
  const CommandProgress& is = found.progress;
  const CommandProgress& should = kept.progress;
  return found.command.id == kept.command.id && found.digest == kept.digest && is.state == should.state &&
         is.ended == should.ended && is.reason == should.reason &&
         (is.ended || found.command.params == kept.command.params);
}

}  // namespace

void Promised::keep_clouds(std::span<const std::string> names) {
  std::map<std::string, Cloud> kept;
  for (const std::string& name : names)
    kept[name] = clouds.contains(name) ? clouds[name] : Cloud{.begin = log.size(), .cursor = log.size()};
  std::erase_if(answers, [&](const auto& each) { return !kept.contains(each.second.cloud); });
  std::erase_if(settings, [&](const auto& each) { return !kept.contains(each.second.cloud); });
  for (auto& [id, entry] : quarantine) entry.again = entry.again && kept.contains(entry.cloud);
  clouds = std::move(kept);
}

void Promised::append_records(std::span<const Record> records, const Limits& limits) {
  for (const Record& record : records) {
    const std::int64_t before = log.empty() ? 0 : log.back().end;
    log.push_back({record.id, before + static_cast<std::int64_t>(record.size())});
  }
  if (log.empty() || limits.when_full == WhenFull::hold) return;
  std::size_t least = log.size();
  for (const auto& [name, cloud] : clouds) least = std::min(least, cloud.cursor);
  const std::int64_t tail = log.back().end;
  const auto end_at = [&](std::size_t count) { return count == 0 ? 0 : log[count - 1].end; };
  if (tail - end_at(least) <= limits.size_max) return;
  while (tail - end_at(least) > limits.size_max) ++least;
  for (auto& [name, cloud] : clouds) {
    if (cloud.cursor >= least) continue;
    cloud.dropped += least - cloud.cursor;
    cloud.cursor = least;
  }
}

void Promised::put(const Quarantined& entry) {
  quarantine[++quarantine_last] = {entry.reason, entry.cloud};
}

void Promised::append(const Batch& batch, const Limits& limits) {
  append_records(batch.records, limits);
  messages += batch.counts;
  for (const Quarantined& entry : batch.quarantined) put(entry);
  if (batch.forget_receipts) receipts.clear();
  for (const Receipt& receipt : batch.receipts) receipts[receipt.packet_id] = receipt.digest;
  for (const KeptCommand& kept : batch.commands) commands[kept.number] = kept;
  for (const CommandChange& change : batch.changes) commands[change.number].progress = change.progress;
  for (const OwedAnswer& answer : batch.answers) answers[answer.number] = answer;
  for (const std::int64_t number : batch.told) answers.erase(number);
  for (const KeptSetting& setting : batch.settings) settings[key_of(setting)] = setting;
  for (const KnownDevice& device : batch.devices) devices[device.name] = device.online;
  for (const std::string& name : batch.gone_devices) devices.erase(name);
}

void Promised::settle(const std::string& cloud, std::span<const Store::Settlement> settlements,
                      std::span<const Quarantined> refused) {
  Cloud& account = clouds[cloud];
  for (const auto& [position, fate] : settlements) {
    account.cursor = static_cast<std::size_t>(position);
    (fate == Settled::delivered  ? account.delivered
     : fate == Settled::rejected ? account.rejected
                                 : account.skipped) += 1;
  }
  for (const Quarantined& entry : refused) put(entry);
}

void Promised::send_again(std::int64_t id) {
  Entry& entry = quarantine[id];
  entry.again = true;
  clouds[entry.cloud].rejected -= 1;
  clouds[entry.cloud].replayed += 1;
}

void Promised::settle_again(const Store::AgainSettlement& settlement) {
  Entry& entry = quarantine[settlement.id];
  (settlement.delivered ? clouds[entry.cloud].delivered : clouds[entry.cloud].rejected) += 1;
  if (settlement.delivered)
    quarantine.erase(settlement.id);
  else
    entry = {settlement.reason, entry.cloud};
}

void Promised::replay(const Reread& message, const Limits& limits) {
  if (message.fate == Reread::Fate::quarantined) {
    quarantine[message.id].reason = message.reason;
    return;
  }
  quarantine.erase(message.id);
  messages.quarantined -= 1;
  (message.fate == Reread::Fate::understood ? messages.understood : messages.ignored) += 1;
  append_records(message.records, limits);
}

std::string Promised::differs(Store& store) const {
  const Snapshot shown = store.snapshot();
  if (std::string wrong = counts_differ(shown); !wrong.empty()) return wrong;
  for (const CloudCounts& counts : shown.clouds)
    if (std::string wrong = cloud_differs(store, counts); !wrong.empty()) return "cloud " + counts.name + ": " + wrong;
  if (std::string wrong = quarantine_differs(store); !wrong.empty()) return wrong;
  return inbox_differs(store);
}

std::string Promised::counts_differ(const Snapshot& shown) const {
  if (std::string broken = broken_equation(shown); !broken.empty()) return "the equation of " + broken;
  if (shown.stored != log.size())
    return std::to_string(shown.stored) + " records in place of " + std::to_string(log.size());
  const MessageCounts& is = shown.messages;
  if (is.received() != messages.received() || is.understood != messages.understood || is.ignored != messages.ignored ||
      is.quarantined != messages.quarantined || is.redelivered != messages.redelivered)
    return "other counts of messages";
  if (shown.clouds.size() != clouds.size()) return std::to_string(shown.clouds.size()) + " clouds";
  return "";
}

std::string Promised::cloud_differs(Store& store, const CloudCounts& counts) const {
  const auto found = clouds.find(counts.name);
  if (found == clouds.end()) return "nobody knows it";
  const Cloud& cloud = found->second;
  std::uint64_t again = 0;
  for (const auto& [id, entry] : quarantine) again += entry.again && entry.cloud == counts.name ? 1 : 0;
  const auto pages = store.read(counts.name, all_of_it);
  const auto pages_again = store.read_again(counts.name, all_of_it);
  if (!pages || !pages_again) return (pages ? pages_again : pages).error().message;

  if (pages_again->records.size() != again) return std::to_string(again) + " records are to be sent again";
  for (const std::int64_t id : pages_again->positions)
    if (!quarantine.contains(id) || !quarantine.at(id).again) return "another record is sent again";
  if (counts.rejected != cloud.rejected || counts.replayed != cloud.replayed) return "other counts of refused records";
  if (counts.delivered > cloud.delivered || counts.skipped > cloud.skipped ||
      counts.dropped_size + counts.dropped_age > cloud.dropped)
    return "more is settled than was";
  const std::size_t waiting = counts.backlog_records - again;
  if (pages->records.size() != waiting) return "its records are not all there";
  if (waiting + cloud.cursor < log.size()) return "its cursor is past what was settled";
  for (std::size_t i = 0; i < waiting; ++i) {
    const std::size_t place = log.size() - waiting + i;
    const std::int64_t size = log[place].end - (place == 0 ? 0 : log[place - 1].end);
    const Record& record = pages->records[i];
    if (pages->positions[i] != static_cast<std::int64_t>(place) + 1 || record.id != log[place].id ||
        static_cast<std::int64_t>(record.size()) != size)
      return "record " + std::to_string(place + 1) + " is another one";
  }
  return "";
}

std::string Promised::quarantine_differs(Store& store) const {
  std::uint64_t shown = 0;
  for (const auto& [id, should] : quarantine) {
    const auto entry = store.quarantined(id);
    if (!entry) return entry.error().message;
    if (!*entry) return "quarantine lacks entry " + std::to_string(id);
    if ((*entry)->what.reason != should.reason || (*entry)->what.cloud != should.cloud ||
        (*entry)->sent_again != should.again)
      return "entry " + std::to_string(id) + " of quarantine is another one";
    shown += should.again ? 0 : 1;
  }
  if (store.snapshot().quarantine_records != shown) return "quarantine holds other entries";
  const auto known = store.receipts();
  if (!known) return known.error().message;
  if (known->size() != receipts.size()) return std::to_string(known->size()) + " receipts";
  for (const Receipt& receipt : *known)
    if (!receipts.contains(receipt.packet_id) || receipts.at(receipt.packet_id) != receipt.digest)
      return "another receipt for packet " + std::to_string(receipt.packet_id);
  return "";
}

std::string Promised::inbox_differs(Store& store) const {
  const auto latest = store.latest_commands(1000);
  const auto open = store.open_commands();
  if (!latest || !open) return (latest ? open : latest).error().message;
  if (latest->size() != commands.size()) return std::to_string(latest->size()) + " commands";
  std::size_t not_ended = 0;
  for (const KeptCommand& found : *latest) {
    if (!commands.contains(found.number) || !same(commands.at(found.number), found))
      return "command " + found.command.id + " is not as it was: state " + std::string(name_of(found.progress.state));
    not_ended += found.progress.ended ? 0 : 1;
  }
  if (open->size() != not_ended) return std::to_string(open->size()) + " open commands";
  const auto set = store.settings();
  const auto heard = store.devices();
  if (!set || !heard) return (set ? heard.error() : set.error()).message;
  if (set->size() != settings.size() || heard->size() != devices.size()) return "other settings or devices";
  for (const KeptSetting& each : *set)
    if (!settings.contains(key_of(each)) || settings.at(key_of(each)).id != each.id) return "another setting";
  for (const KnownDevice& each : *heard)
    if (!devices.contains(each.name) || devices.at(each.name) != each.online) return "another device";
  return answers_differ(store);
}

std::string Promised::answers_differ(Store& store) const {
  for (const auto& [name, cloud] : clouds) {
    std::vector<std::int64_t> should;
    for (const auto& [number, answer] : answers) {
      const auto about = std::find_if(commands.begin(), commands.end(),
                                      [&](const auto& each) { return each.second.command.id == answer.id; });
      const bool ripe = !answer.text.empty() || (about != commands.end() && about->second.progress.ended);
      if (answer.cloud == name && ripe) should.push_back(number);
    }
    const auto owed = store.owed_answers(name, 1000);
    if (!owed) return owed.error().message;
    std::vector<std::int64_t> is;
    for (const OwedAnswer& answer : *owed) is.push_back(answer.number);
    if (is != should) return "other answers are owed to " + name;
  }
  return "";
}

}  // namespace sluice::store
