#include "gateway/app/trial_cloud.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "gateway/app/member_text.h"
#include "gateway/app/trial_messages.h"

namespace sluice::app {

namespace {

using nlohmann::json;

/// More than a trial ever sends; a number beyond it is nobody's.
constexpr std::uint64_t number_max = 10'000'000;

/// 0: it has none.
std::uint64_t number_of(const json& event) {
  const json value = event.value(json::json_pointer("/data/readings/number/value"), json());
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

}  // namespace

void TrialCloud::take(std::string_view events) {
  while (!events.empty()) {
    const std::size_t end = events.find('\n');
    take_event(events.substr(0, end));
    events.remove_prefix(end == std::string_view::npos ? events.size() : end + 1);
  }
}

void TrialCloud::take_event(std::string_view text) {
  const json event = json::parse(text, nullptr, false);
  const std::uint64_t number = event.is_object() ? number_of(event) : 0;
  const auto id = RecordId::parse(text_of(event, "id"));
  const std::string device = text_of(event, "subject");
  if (number == 0 || number > number_max || !id || device != trial_device(number)) {
    garbled_ += 1;
    return;
  }
  take_message(number, device, *id);
}

void TrialCloud::take_message(std::uint64_t number, const std::string& device, RecordId id) {
  if (ids_.size() <= number) ids_.resize(number + 1);
  if (ids_[number] != RecordId{}) {
    (ids_[number] == id ? repeated_ : under_second_) += 1;
    return;
  }
  ids_[number] = id;
  delivered_ += 1;
  std::uint64_t& newest = newest_[device];
  if (number < newest) order_broken_ += 1;
  newest = std::max(newest, number);
}

std::uint64_t TrialCloud::two_ids() const {
  std::vector<RecordId> sorted = ids_;
  std::erase(sorted, RecordId{});
  std::sort(sorted.begin(), sorted.end());
  const auto unique = std::unique(sorted.begin(), sorted.end());
  return under_second_ + static_cast<std::uint64_t>(sorted.end() - unique);
}

std::uint64_t TrialCloud::missing(std::uint64_t through) const {
  std::uint64_t missing = 0;
  for (std::uint64_t number = 1; number <= through; ++number)
    missing += number >= ids_.size() || ids_[number] == RecordId{} ? 1 : 0;
  return missing;
}

}  // namespace sluice::app
