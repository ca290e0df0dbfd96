#include "gateway/flow/replay.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "gateway/flow/read_message.h"

namespace sluice::flow {

namespace {

constexpr Duration time_max = std::chrono::seconds(1);
// What one commit holds at most, beside the last message's records: telemetry waits for no longer one.
constexpr std::size_t records_max = 2000;
constexpr std::size_t bytes_max = std::size_t{1} << 20;
constexpr std::size_t entries_max = 500;

Message message_of(store::Quarantined&& what) {
  Message message;
  message.topic = std::move(what.topic);
  message.payload = std::move(what.payload);
  message.retained = what.retained;
  message.received_at = what.received_at;
  message.boot_at = what.boot_at;
  message.payload_size = what.payload_size;
  return message;
}

store::Reread::Fate fate_of(normalize::Fate::Kind kind) {
  switch (kind) {
    case normalize::Fate::Kind::understood:
      return store::Reread::Fate::understood;
    case normalize::Fate::Kind::ignored:
      return store::Reread::Fate::ignored;
    case normalize::Fate::Kind::quarantined:
      break;
  }
  return store::Reread::Fate::quarantined;
}

Replayed::Fate fate_of(store::Reread::Fate fate) {
  switch (fate) {
    case store::Reread::Fate::understood:
      return Replayed::Fate::understood;
    case store::Reread::Fate::ignored:
      return Replayed::Fate::ignored;
    case store::Reread::Fate::quarantined:
      break;
  }
  return Replayed::Fate::quarantined;
}

}  // namespace

std::string_view name_of(Replayed::Fate fate) {
  constexpr std::array<std::string_view, 6> names = {"understood", "ignored", "resent", "quarantined", "gone", "later"};
  return names[static_cast<std::size_t>(fate)];
}

/// One call of replay().
class Replay::Turn {
 public:
  Turn(Replay& replay, std::span<const std::int64_t> ids)
      : replay_(replay), reading_(replay.reading_()), normalizer_(reading_.library, reading_.options) {
    for (const std::int64_t id : ids) answers_.push_back({.id = id});
  }

  Result<> run() {
    const Instant end = replay_.clock_.now() + time_max;
    for (std::size_t i = 0; i < answers_.size() && (i == 0 || replay_.clock_.now() < end); ++i) {
      if (auto done = take(i); !done) return done;
      if (!full()) continue;
      if (auto done = flush(); !done) return done;
    }
    return flush();
  }

  bool any() const { return any_; }
  std::vector<Replayed>& answers() { return answers_; }

 private:
  Result<> take(std::size_t i) {
    auto entry = replay_.store_.quarantined(answers_[i].id);
    if (!entry) return entry.error();
    if (!*entry || (*entry)->sent_again) {
      answers_[i].fate = Replayed::Fate::gone;
    } else if (!(*entry)->what.cloud.empty()) {
      refused_.push_back(answers_[i].id);
      refused_at_.push_back(i);
    } else {
      read((*entry)->id, std::move((*entry)->what), i);
    }
    return {};
  }

  void read(std::int64_t id, store::Quarantined&& what, std::size_t i) {
    store::Reread reread{.id = id};
    const std::string schema = what.schema, field = what.field, reason = what.reason;
    normalize::Fate fate =
        read_message(message_of(std::move(what)), normalizer_, reading_.keep_payloads, reread.records);
    reread.fate = fate_of(fate.kind);
    if (reread.fate == store::Reread::Fate::quarantined) {
      answers_[i] = {id, Replayed::Fate::quarantined, 0, fate.reason};
      if (schema == fate.schema && field == fate.field && reason == fate.reason) return;
    }
    for (Record& record : reread.records) {
      record.id = replay_.ids_.next();
      bytes_ += record.size();
    }
    records_ += reread.records.size();
    reread.schema = std::move(fate.schema);
    reread.field = std::move(fate.field);
    reread.reason = std::move(fate.reason);
    messages_.push_back(std::move(reread));
    messages_at_.push_back(i);
  }

  bool full() const {
    return records_ >= records_max || bytes_ >= bytes_max || messages_.size() + refused_.size() >= entries_max;
  }

  Result<> flush() {
    if (auto done = flush_messages(); !done) return done;
    return flush_refused();
  }

  Result<> flush_messages() {
    if (messages_.empty()) return {};
    const Result<std::vector<bool>> there = replay_.store_.replay(messages_);
    if (!there) return there.error();
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      Replayed& answer = answers_[messages_at_[i]];
      answer.fate = (*there)[i] ? fate_of(messages_[i].fate) : Replayed::Fate::gone;
      answer.records = messages_[i].records.size();
    }
    any_ = true;
    messages_.clear();
    messages_at_.clear();
    records_ = bytes_ = 0;
    return {};
  }

  Result<> flush_refused() {
    if (refused_.empty()) return {};
    const Result<std::vector<store::Resent>> resent = replay_.store_.send_again(refused_);
    if (!resent) return resent.error();
    for (std::size_t i = 0; i < refused_.size(); ++i) answers_[refused_at_[i]] = answer_of(refused_[i], (*resent)[i]);
    any_ = true;
    refused_.clear();
    refused_at_.clear();
    return {};
  }

  static Replayed answer_of(std::int64_t id, store::Resent resent) {
    switch (resent) {
      case store::Resent::waits:
        return {id, Replayed::Fate::resent};
      case store::Resent::no_cloud:
        return {id, Replayed::Fate::quarantined, 0, "the cloud that refused it is not in the configuration"};
      case store::Resent::gone:
        break;
    }
    return {id, Replayed::Fate::gone};
  }

  Replay& replay_;
  const Reading reading_;
  normalize::Normalizer normalizer_;
  std::vector<Replayed> answers_;
  std::vector<store::Reread> messages_;
  std::vector<std::int64_t> refused_;
  std::vector<std::size_t> messages_at_, refused_at_;  ///< places in the answers
  std::size_t records_ = 0, bytes_ = 0;
  bool any_ = false;  ///< something is durable
};

Replay::Replay(std::function<Reading()> reading, store::Store& store, RecordIds& ids, const Clock& clock, Log& log)
    : reading_(std::move(reading)), store_(store), ids_(ids), clock_(clock), log_(log) {}

Result<std::vector<Replayed>> Replay::replay(std::span<const std::int64_t> ids) {
  const std::unique_lock turn(turn_, std::try_to_lock);
  if (!turn) return unavailable("another replay is under way: ask again in a second");
  Turn now(*this, ids);
  const Result<> done = now.run();
  if (!done && !now.any()) return done.error();
  // What was gathered when it failed is as it was, and can be asked for again.
  const auto count = [&](Replayed::Fate fate) {
    return std::to_string(std::count_if(now.answers().begin(), now.answers().end(),
                                        [&](const Replayed& each) { return each.fate == fate; }));
  };
  log_.info("quarantine", "replayed: understood " + count(Replayed::Fate::understood) + ", ignored " +
                              count(Replayed::Fate::ignored) + ", sent again to their clouds " +
                              count(Replayed::Fate::resent) + ", not readable still " +
                              count(Replayed::Fate::quarantined));
  return std::move(now.answers());
}

}  // namespace sluice::flow
