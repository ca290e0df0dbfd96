#include "gateway/store/ledger.h"

#include <optional>

namespace sluice::store {

namespace {

// Each number by its name in the file, in two books at once. The names are stored: never change one.
template <class A, class B, class Visit>
void each_total(A& a, B& b, Visit visit) {
  visit("received_qos0", a.messages.received_qos0, b.messages.received_qos0);
  visit("received_qos1", a.messages.received_qos1, b.messages.received_qos1);
  visit("understood", a.messages.understood, b.messages.understood);
  visit("ignored", a.messages.ignored, b.messages.ignored);
  visit("quarantined", a.messages.quarantined, b.messages.quarantined);
  visit("redelivered", a.messages.redelivered, b.messages.redelivered);
  visit("tail_seq", a.tail.seq, b.tail.seq);
  visit("tail_bytes", a.tail.bytes, b.tail.bytes);
  visit("pruned_seq", a.pruned.seq, b.pruned.seq);
  visit("pruned_bytes", a.pruned.bytes, b.pruned.bytes);
  visit("quarantine_records", a.quarantine_records, b.quarantine_records);
  visit("quarantine_bytes", a.quarantine_bytes, b.quarantine_bytes);
  visit("quarantine_dropped", a.quarantine_dropped, b.quarantine_dropped);
  visit("quarantine_discarded", a.quarantine_discarded, b.quarantine_discarded);
  visit("replayed_understood", a.replayed_understood, b.replayed_understood);
  visit("replayed_ignored", a.replayed_ignored, b.replayed_ignored);
  visit("quarantine_last", a.quarantine_last, b.quarantine_last);
  visit("receipts_last", a.receipts_last, b.receipts_last);
  visit("running", a.running, b.running);
  visit("unclean_ends", a.unclean_ends, b.unclean_ends);
  visit("probes", a.probes, b.probes);
  visit("commands_accepted", a.commands.accepted, b.commands.accepted);
  visit("commands_sent", a.commands.sent, b.commands.sent);
  visit("commands_succeeded", a.commands.succeeded, b.commands.succeeded);
  visit("commands_failed", a.commands.failed, b.commands.failed);
  visit("commands_expired", a.commands.expired, b.commands.expired);
  visit("commands_rejected", a.commands.rejected, b.commands.rejected);
  visit("commands_unanswered", a.commands.unanswered, b.commands.unanswered);
  visit("boot", a.boot, b.boot);
  visit("boot_seq", a.boot_seq, b.boot_seq);
  visit("boot_quarantine", a.boot_quarantine, b.boot_quarantine);
  visit("accounts_lost", a.accounts_lost, b.accounts_lost);
}

template <class A, class B, class Visit>
void each_entry(A& a, B& b, Visit visit) {
  visit("begin", a.begin, b.begin);
  visit("cursor_seq", a.cursor.seq, b.cursor.seq);
  visit("cursor_bytes", a.cursor.bytes, b.cursor.bytes);
  visit("delivered", a.delivered, b.delivered);
  visit("rejected", a.rejected, b.rejected);
  visit("skipped", a.skipped, b.skipped);
  visit("dropped_size", a.dropped_size, b.dropped_size);
  visit("dropped_age", a.dropped_age, b.dropped_age);
  visit("dropped_damage", a.dropped_damage, b.dropped_damage);
  visit("again", a.again, b.again);
  visit("again_bytes", a.again_bytes, b.again_bytes);
  visit("replayed", a.replayed, b.replayed);
  visit("readmitted", a.readmitted, b.readmitted);
}

// Beside those: how many messages of each schema went to quarantine.
constexpr std::string_view quarantined_entry = "quarantined/";

constexpr auto sql_all = "SELECT owner, entry, value FROM ledger ORDER BY owner, entry LIMIT 100000";
constexpr auto sql_put = "REPLACE INTO ledger (owner, entry, value) VALUES (?, ?, ?)";
constexpr auto sql_forget = "DELETE FROM ledger WHERE owner = ?";

}  // namespace

Result<Ledger> Ledger::prepare(const Database& database) {
  Ledger ledger;
  const auto prepared =
      database.prepare({{ledger.all_, sql_all}, {ledger.put_, sql_put}, {ledger.forget_, sql_forget}});
  if (!prepared) return prepared.error();
  return ledger;
}

Result<Books> Ledger::load() {
  Books books;
  for (;;) {
    const Result<bool> row = all_.next();
    if (!row) return row.error();
    if (!*row) return books;
    const std::string_view owner = all_.text(0);
    const std::string_view entry = all_.text(1);
    const std::int64_t stored = all_.number(2);
    const auto take = [&](std::string_view name, auto& value, auto&) {
      if (name == entry) value = static_cast<std::remove_reference_t<decltype(value)>>(stored);
    };
    if (owner.empty()) {
      if (entry.starts_with(quarantined_entry))
        books.totals.quarantined_by_schema.emplace_back(entry.substr(quarantined_entry.size()), stored);
      each_total(books.totals, books.totals, take);
      continue;
    }
    if (books.clouds.empty() || books.clouds.back().name != owner) books.clouds.emplace_back().name = owner;
    each_entry(books.clouds.back(), books.clouds.back(), take);
  }
}

Result<> Ledger::save(const Books& next, const Books& written) {
  std::optional<Error> error;
  std::string_view owner;
  const auto put_changed = [&](std::string_view entry, const auto& value, const auto& before) {
    if (error || value == before) return;
    if (auto done = put(owner, entry, static_cast<std::int64_t>(value)); !done) error = done.error();
  };
  each_total(next.totals, written.totals, put_changed);
  for (const Account& cloud : next.clouds) {
    owner = cloud.name;
    const Account* before = written.find(cloud.name);
    if (before != nullptr) {
      each_entry(cloud, *before, put_changed);
      continue;
    }
    each_entry(cloud, cloud, [&](std::string_view entry, const auto& value, const auto&) {
      if (error) return;
      if (auto done = put(owner, entry, static_cast<std::int64_t>(value)); !done) error = done.error();
    });
  }
  for (const Account& cloud : written.clouds) {
    if (error || next.find(cloud.name) != nullptr) continue;
    if (auto done = forget_.bind(1, cloud.name).run(); !done) error = done.error();
  }
  if (error) return *error;
  return save_quarantined(next.totals, written.totals);
}

Result<> Ledger::save_quarantined(const Totals& next, const Totals& written) {
  // Schemas are only ever added, at the end: what was written stands in the same place.
  const auto& before = written.quarantined_by_schema;
  for (std::size_t i = 0; i < next.quarantined_by_schema.size(); ++i) {
    const auto& [schema, count] = next.quarantined_by_schema[i];
    if (i < before.size() && before[i].second == count) continue;
    const std::string entry = std::string(quarantined_entry) + schema;
    if (auto done = put("", entry, static_cast<std::int64_t>(count)); !done) return done;
  }
  return {};
}

Result<> Ledger::put(std::string_view owner, std::string_view entry, std::int64_t value) {
  return put_.bind(1, owner).bind(2, entry).bind(3, value).run();
}

bool plausible(const Books& books) {
  const Totals& totals = books.totals;
  if (totals.pruned.seq > books.settled_by_all().seq || totals.pruned.seq < 0 || totals.pruned.bytes < 0) return false;
  for (const Account& cloud : books.clouds) {
    const bool inside = cloud.cursor.seq <= totals.tail.seq && cloud.cursor.bytes <= totals.tail.bytes;
    if (!inside || !adds_up(cloud)) return false;
  }
  return adds_up(totals.messages);
}

bool adds_up(const Account& cloud) {
  return 0 <= cloud.begin && cloud.begin <= cloud.cursor.seq &&
         cloud.fates() + cloud.again == cloud.stored(cloud.cursor);
}

bool adds_up(const MessageCounts& messages) {
  return messages.received() == messages.understood + messages.ignored + messages.quarantined + messages.redelivered;
}

}  // namespace sluice::store
