#include "gateway/normalize/event_reader.h"

#include <algorithm>

#include "gateway/core/json_text.h"
#include "gateway/normalize/event_text.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t device_size_max = 65'535;
/// A long topic or name repeated in thousands of events must not become a flood.
constexpr std::size_t output_size_max = 32 * 1024 * 1024;

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::optional<Refusal> EventReader::read(const MessagePlan& plan, Source& source, Bindings& bindings,
                                         const Message& message, std::vector<Record>& out) {
  plan_ = &plan;
  source_ = &source;
  bindings_ = &bindings;
  message_ = &message;
  shared_.clear();
  carried_.clear();
  carried_.resize(plan.carry.size());
  const std::size_t before = out.size();
  Step refusal = source.begin(plan.each ? &*plan.each : nullptr, bindings, plan.remembers);
  std::size_t total = 0;
  while (!refusal && source.next(bindings)) {
    refusal = read_event(out);
    total += data_size_;
    if (!refusal && total > output_size_max) refusal = Refusal{"too large: its events would take more than 32 MiB", ""};
  }
  if (refusal) out.resize(before);
  return refusal;
}

/// What stands at an address of this element, or of an earlier one where the schema carries it on.
Value EventReader::first(const Address& address) {
  return first_of(*source_, address, *bindings_, carried_);
}

void EventReader::carry() {
  for (std::size_t i = 0; i < carried_.size(); ++i)
    if (const Value said = source_->first(plan_->carry[i], *bindings_); said.present())
      carried_[i] = {said.kind, std::string(said.text)};
}

std::optional<Refusal> EventReader::read_event(std::vector<Record>& out) {
  if (!carried_.empty()) carry();
  Record record;
  record.kind = plan_->schema->kind;
  if (Step refusal = read_device(record.device)) return refusal;
  record.schema = plan_->schema->full_name;
  read_time(record);
  append_head(record);
  bool says_something = record.kind != RecordKind::reading;
  if (plan_->presence) {
    if (Step refusal = append_presence(record.data)) return refusal;
  } else {
    if (Step refusal = append_readings(record.data)) return refusal;
    says_something = says_something || readings_ > 0;
  }
  if (plan_->schema->keep_rest) {
    const std::size_t mark = record.data.size();
    record.data += ",\"rest\":";
    if (source_->append_rest(record.data))
      says_something = true;
    else
      record.data.resize(mark);
  }
  record.data += '}';
  data_size_ = record.data.size();
  if (says_something) out.push_back(std::move(record));
  return std::nullopt;
}

std::optional<Refusal> EventReader::read_device(std::string& device) {
  device = plan_->device_prefix;
  const std::size_t prefix = device.size();
  if (Step refusal = render(plan_->device, false, device)) {
    refusal->field = "device";
    return refusal;
  }
  if (device.size() == prefix) return Refusal{"missing: the device's name is empty", "device"};
  if (device.size() - prefix > device_size_max) return Refusal{"too long: the device's name", "device"};
  return std::nullopt;
}

void EventReader::read_time(Record& record) {
  record.time = message_->received_at;
  time_from_ = message_->retained ? "unknown" : "gateway";
  if (!plan_->time) return;
  const TimePlan& plan = *plan_->time;
  const SaidTime said{text_at(plan.at), plan.date ? text_at(*plan.date) : std::nullopt,
                      plan.offset ? text_at(*plan.offset) : std::nullopt};
  const bool synced = !message_->boot_at;
  const std::optional<DeviceTime::Found> found = plan.time.read(said, {message_->received_at, synced}, local_);
  if (!found) return;
  record.time = found->time;
  // What was counted from the reception is mended with it.
  if (synced || !found->counted) time_from_ = "device";
}

std::optional<std::string_view> EventReader::text_at(const Address& address) {
  const Value said = first(address);
  const bool readable = said.kind == Value::Kind::text || said.kind == Value::Kind::number;
  return readable ? std::optional(said.text) : std::nullopt;
}

void EventReader::append_head(Record& record) {
  if (shared_.empty()) append_shared_head(shared_, plan_->schema->full_name, *message_);
  std::string& data = record.data;
  data.reserve(data_size_ + 32);
  data += "{\"device\":";
  append_json_string(data, record.device);
  ((data += shared_) += time_from_) += '"';
}

std::optional<Refusal> EventReader::append_readings(std::string& data) {
  data_ = &data;
  readings_ = 0;
  if (plan_->names_may_meet) names_.clear();
  data += ",\"readings\":{";
  const KeySet* keys = source_->keys();
  for (std::size_t i = 0; i < plan_->readings.size(); ++i) {
    if (keys != nullptr && !keys->includes(plan_->needs[i])) continue;
    const ReadingPlan& reading = plan_->readings[i];
    reading_ = &reading;
    found_ = false;
    Step refusal = reading.at.has_wildcard ? append_wildcards(reading) : append_reading(reading, value_of(reading));
    if (refusal) return refusal;
    if (reading.required && !found_)
      return Refusal{"missing: '" + excerpt(reading.label) + "' at " + reading.at.text, reading.label};
  }
  data += '}';
  return std::nullopt;
}

/// Of several addresses that come to one name the first stays, as of any readings.
std::optional<Refusal> EventReader::append_wildcards(const ReadingPlan& reading) {
  refusal_.reset();
  source_->visit(reading.at, *bindings_, *this);
  for (std::size_t i = 0; i < reading.at.otherwise.size() && !refusal_; ++i)
    source_->visit(reading.at.otherwise[i], *bindings_, *this);
  return std::move(refusal_);
}

Value EventReader::value_of(const ReadingPlan& reading) {
  const Value value = first(reading.at);
  if (value.present() || reading.fallback == nullptr) return value;
  const FallbackPlan& fallback = *reading.fallback;
  if (fallback.holder && !source_->holds(*fallback.holder, *bindings_)) return value;
  return normalize::value_of(fallback.value);
}

bool EventReader::visit(const Value& value) {
  refusal_ = append_reading(*reading_, value);
  return !refusal_;
}

std::optional<Refusal> EventReader::append_reading(const ReadingPlan& reading, const Value& value) {
  if (!value.present()) return std::nullopt;
  std::string& data = *data_;
  const std::size_t mark = data.size();
  if (readings_ > 0) data += ',';
  name_ = reading.label;
  if (reading.head.empty()) {
    name_.clear();
    if (Step refusal = render(reading.name, true, name_)) return refusal;
    if (name_.size() > reading_name_size_max) return refuse("too long: the name of a reading");
    append_json_string(data, name_);
    data += ":{\"value\":";
  } else {
    data += reading.head;
  }
  switch (reading.conversion.convert(value, {*source_, *bindings_, carried_}, data, reason_)) {
    case Conversion::Result::refused:
      return refuse(reason_);
    case Conversion::Result::absent:
      data.resize(mark);
      return std::nullopt;
    case Conversion::Result::written:
      break;
  }
  found_ = true;
  if (plan_->names_may_meet && !names_.insert(name_)) {
    data.resize(mark);
    return std::nullopt;
  }
  if (++readings_ > elements_max)
    return Refusal{"too many: more than " + std::to_string(elements_max) + " readings", ""};
  if (Step refusal = append_unit(reading)) return refusal;
  data += '}';
  return std::nullopt;
}

std::optional<Refusal> EventReader::append_unit(const ReadingPlan& reading) {
  *data_ += reading.unit.text;
  if (!reading.unit.at) return std::nullopt;
  const Value said = first(*reading.unit.at);
  if (!said.present() || said.kind == Value::Kind::structure) return std::nullopt;
  std::string_view unit = said.text;
  if (!reading.unit.map.empty()) {
    const Scalar* mapped = find_mapped(reading.unit.map, said);
    if (mapped == nullptr) return refuse("not in map: the unit '" + excerpt(said.text) + "'");
    unit = mapped->text;
  }
  if (unit.empty()) return std::nullopt;
  *data_ += ",\"unit\":";
  append_json_string(*data_, unit);
  return std::nullopt;
}

std::optional<Refusal> EventReader::append_presence(std::string& data) {
  const PresencePlan& presence = *plan_->presence;
  const Value said = first(presence.at);
  // An empty text is absent; a schema may well say what that means.
  const bool online = contains(presence.online, said.text);
  if (!online && !contains(presence.offline, said.text)) {
    if (!said.present())
      return Refusal{"missing: what says online or offline, at '" + presence.at.text + "'", "online"};
    return Refusal{"not in map: '" + excerpt(said.text) + "' says neither online nor offline", "online"};
  }
  data += online ? ",\"online\":true" : ",\"online\":false";
  return std::nullopt;
}

std::optional<Refusal> EventReader::render(const TextParts& parts, bool as_name, std::string& out) {
  for (const TextPart& part : parts) {
    if (part.kind == TextPart::Kind::literal) {
      out += part.literal;
      continue;
    }
    std::string_view text;
    if (part.kind == TextPart::Kind::slot) {
      text = (*bindings_)[part.slot].text;
    } else {
      const Value value = first(part.address);
      if (!value.present() || value.kind == Value::Kind::structure)
        return Refusal{"missing: what the placeholder {" + part.address.text + "} stands for", part.address.text};
      text = value.text;
    }
    if (as_name)
      append_as_name(out, text);
    else
      out += text;
  }
  return std::nullopt;
}

std::optional<Refusal> EventReader::refuse(std::string reason) const {
  return Refusal{std::move(reason) + " (" + excerpt(name_, 80) + ")", excerpt(name_, 80)};
}

}  // namespace sluice::normalize
