#include "gateway/normalize/coverage.h"

#include "gateway/normalize/schema.h"

namespace sluice::normalize {

namespace {

/// `readings: {}`: somebody knows these messages, and wants nothing of them.
bool reads_nothing(const MessageSchema& schema) {
  return schema.kind == RecordKind::reading && schema.readings.empty() && !schema.keep_rest;
}

/// A reason without what one message said, so that those of many can be counted together.
std::string reason_head(const Fate& fate) {
  const std::string_view reason = fate.reason;
  return std::string(reason.substr(0, reason.find(':'))) + (fate.field.empty() ? "" : " (" + fate.field + ")");
}

}  // namespace

double Coverage::share() const {
  const std::size_t all = messages - on_purpose;
  return all == 0 ? 1 : static_cast<double>(understood) / static_cast<double>(all);
}

void Coverage::add(const Coverage& other) {
  messages += other.messages;
  understood += other.understood;
  by_another += other.by_another;
  on_purpose += other.on_purpose;
  says_nothing += other.says_nothing;
  unmatched += other.unmatched;
  quarantined += other.quarantined;
  for (const auto& [reason, count] : other.reasons) reasons[reason] += count;
}

CoverageCount::CoverageCount(std::shared_ptr<const Library> library, std::string zone, std::string family)
    : family_(std::move(family)), normalizer_(std::move(library), {Unmatched::ignore, std::move(zone)}) {}

std::string CoverageCount::add(const Recorded& recorded, Timestamp received_at) {
  Message message;
  message.topic = recorded.topic;
  message.payload = recorded.payload;
  message.payload_size = message.payload.size();
  message.retained = recorded.retained;
  message.received_at = received_at;
  coverage_.messages += 1;
  std::string why = judge(message);
  if (!why.empty() && recorded.topic_inferred) why += " (the recording's topic is a guess)";
  return why;
}

std::string CoverageCount::miss(std::size_t& bucket, std::string reason) {
  bucket += 1;
  coverage_.reasons[reason] += 1;
  return reason;
}

std::string CoverageCount::judge(const Message& message) {
  records_.clear();
  Trace trace;
  const Fate fate = normalizer_.normalize(message, records_, &trace);
  const std::string schema = trace.applied ? trace.asked.back().schema->full_name : "";
  if (fate.kind == Fate::Kind::quarantined) {
    (void)miss(coverage_.quarantined, "quarantined by " + schema + ": " + reason_head(fate));
    return "quarantined by " + schema + ": " + fate.reason;
  }
  if (fate.kind == Fate::Kind::understood) {
    const bool own = family_.empty() || schema.starts_with(family_ + "/");
    if (!own) return miss(coverage_.by_another, "read by " + schema);
    coverage_.understood += 1;
    return {};
  }
  if (trace.command || (trace.applied && reads_nothing(*trace.asked.back().schema))) {
    coverage_.on_purpose += 1;
    return {};
  }
  if (trace.applied) return miss(coverage_.says_nothing, schema + ": nothing stands where it reads");
  return miss(coverage_.unmatched, trace.asked.empty() ? "no schema has its topic" : "no schema of its topic applies");
}

}  // namespace sluice::normalize
