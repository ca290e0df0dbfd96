#include "gateway/flow/ingest.h"

#include <utility>

#include "gateway/flow/read_message.h"

namespace sluice::flow {

namespace {
constexpr int unclean_ends_max = 3;
}

Ingest::Ingest(Options options, std::unique_ptr<normalize::Normalizer> normalizer, store::Store& store,
               Devices& devices, RecordIds& ids, const Clock& clock, Log& log)
    : way_(std::make_unique<Way>(std::move(options), std::move(normalizer))),
      store_(store),
      devices_(devices),
      ids_(ids),
      clock_(clock),
      log_(log) {
  recall();
  wary_ = store_.unclean_ends() >= unclean_ends_max;
  if (wary_) log_.warning("ingest", "three unclean ends in a row: redelivered messages are set aside unread this once");
}

void Ingest::recall() {
  // What the next commit forgets is void already: it must not make new messages look known when they come again.
  if (forget_receipts_) return redelivery_.forget();
  if (const auto receipts = store_.receipts()) {
    redelivery_.load(*receipts);
  } else {
    redelivery_.forget();  // in doubt rather twice than never
    log_.warning("ingest", "cannot read which messages are stored already: " + receipts.error().message);
  }
}

void Ingest::change(Options options, std::unique_ptr<normalize::Normalizer> normalizer) {
  auto way = std::make_unique<const Way>(std::move(options), std::move(normalizer));
  const std::lock_guard lock(change_mutex_);
  next_way_ = std::move(way);
  changed_ = true;
}

void Ingest::take_change() {
  const std::lock_guard lock(change_mutex_);
  way_ = std::move(next_way_);
  changed_ = false;
}

Result<> Ingest::accept(std::span<const Message> messages) {
  if (changed_) take_change();
  batch_.records.clear();
  batch_.quarantined.clear();
  batch_.receipts.assign(owed_.begin(), owed_.end());
  batch_.counts = {};
  batch_.devices.clear();
  batch_.gone_devices.clear();
  batch_.forget_receipts = forget_receipts_;

  for (const Message& message : messages) take(message);
  for (Record& record : batch_.records) record.id = ids_.next();
  devices_.prepare(batch_);

  const bool worth_a_commit = !batch_.records.empty() || !batch_.quarantined.empty() || batch_.forget_receipts;
  if (!worth_a_commit) {
    owed_.swap(batch_.receipts);
    batch_.receipts.clear();
    if (owed_.size() > Redelivery::window) owed_.erase(owed_.begin(), owed_.end() - Redelivery::window);
  }
  if (auto stored = store_.append(batch_); !stored) {
    // None of it is stored: what was noted of it must not make its redelivery look known.
    recall();
    accepting_ = false;
    return stored;
  }
  if (worth_a_commit) {
    owed_.clear();
    forget_receipts_ = false;
  }
  accepting_ = true;
  devices_.note(batch_.records);
  return {};
}

void Ingest::take(const Message& message) {
  (message.qos == 0 ? batch_.counts.received_qos0 : batch_.counts.received_qos1) += 1;
  if (redelivery_.recognises(message)) {
    batch_.counts.redelivered += 1;
    return;
  }
  if (message.qos > 0 && !message.resent) wary_ = false;  // what was in flight at the end has all come
  if (const auto receipt = redelivery_.note(message)) {
    batch_.receipts.push_back(*receipt);
  } else if (message.qos > 0 && !redelivery_.trusted() && !batch_.forget_receipts) {
    log_.warning("ingest", "the broker gives packet ids anew before their time; redeliveries are stored again");
    batch_.receipts.clear();
    owed_.clear();
    batch_.forget_receipts = forget_receipts_ = true;
  }

  if ((message.retained && way_->options.ignore_retained) || way_->loop_guard.own(message)) {
    batch_.counts.ignored += 1;
    return;
  }
  if (wary_ && message.resent) {
    set_aside(message, {}, {},
              "set aside unread: it was in flight when the gateway ended uncleanly three times in a row");
    return;
  }
  normalize::Fate fate = read_message(message, *way_->normalizer, way_->options.keep_payloads, batch_.records);
  switch (fate.kind) {
    case normalize::Fate::Kind::understood:
      batch_.counts.understood += 1;
      break;
    case normalize::Fate::Kind::ignored:
      batch_.counts.ignored += 1;
      break;
    case normalize::Fate::Kind::quarantined:
      set_aside(message, std::move(fate.schema), std::move(fate.field), std::move(fate.reason));
      break;
  }
}

void Ingest::set_aside(const Message& message, std::string schema, std::string field, std::string reason) {
  batch_.counts.quarantined += 1;
  store::Quarantined entry;
  entry.reason = std::move(reason);
  entry.schema = std::move(schema);
  entry.field = std::move(field);
  entry.topic = message.topic;
  entry.payload = message.payload;
  entry.retained = message.retained;
  entry.payload_size = message.payload_size;
  entry.received_at = message.received_at;
  entry.boot_at = message.boot_at;
  batch_.quarantined.push_back(std::move(entry));
}

Result<> Ingest::ready() {
  auto answer = store_.ready();
  accepting_ = answer.has_value();
  return answer;
}

Result<> Ingest::session_lost() {
  // The first connection ever has no session to lose.
  if (store_.snapshot().messages.received() == 0) return {};
  redelivery_.forget();
  owed_.clear();
  forget_receipts_ = true;

  const Notice notice{"session_lost",
                      "The local broker did not know the gateway's session any more: what it had kept for the gateway "
                      "while it was away is lost.",
                      {},
                      0};
  store::Batch batch;
  batch.records.push_back(record_of(notice, way_->options.gateway_id, clock_));
  batch.records.back().id = ids_.next();
  batch.forget_receipts = true;
  // What was known of the old session would look like what comes in the new one: after a crash, too.
  if (auto stored = store_.append(batch); !stored) {
    accepting_ = false;
    return stored;
  }
  sessions_lost_ += 1;
  log_.warning("ingest", notice.text);
  return {};
}

}  // namespace sluice::flow
