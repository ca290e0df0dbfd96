#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cctz/time_zone.h>

#include "gateway/core/message.h"
#include "gateway/core/record.h"
#include "gateway/normalize/name_set.h"
#include "gateway/normalize/plan.h"
#include "gateway/normalize/source.h"

namespace sluice::normalize {

/// Turns an opened payload into records by one schema's plan. Buffers are reused; one thread.
class EventReader final : private Source::Visitor {
 public:
  explicit EventReader(const cctz::time_zone& local) : local_(local) {}

  /// Appends the message's records. Where it is refused nothing is appended. `bindings` hold the topic's names.
  std::optional<Refusal> read(const MessagePlan& plan, Source& source, Bindings& bindings, const Message& message,
                              std::vector<Record>& out);

 private:
  using Step = std::optional<Refusal>;

  bool visit(const Value& value) override;
  Value first(const Address& address);
  void carry();
  Step read_event(std::vector<Record>& out);
  Step read_device(std::string& device);
  void read_time(Record& record);
  std::optional<std::string_view> text_at(const Address& address);
  Step append_readings(std::string& data);
  Step append_wildcards(const ReadingPlan& reading);
  Value value_of(const ReadingPlan& reading);
  Step append_reading(const ReadingPlan& reading, const Value& value);
  Step append_unit(const ReadingPlan& reading);
  Step append_presence(std::string& data);
  Step render(const TextParts& parts, bool as_name, std::string& out);
  void append_head(Record& record);
  Step refuse(std::string reason) const;

  cctz::time_zone local_;
  const MessagePlan* plan_ = nullptr;
  Source* source_ = nullptr;
  Bindings* bindings_ = nullptr;
  const Message* message_ = nullptr;

  std::vector<CarriedValue> carried_;  ///< of the plan's `carry`: what the last element had that had any

  std::string_view time_from_;
  std::string shared_;  ///< the part of `data` that all events of the message have
  std::string* data_ = nullptr;
  const ReadingPlan* reading_ = nullptr;
  bool found_ = false;  ///< the reading has a value
  std::size_t readings_ = 0;
  Step refusal_;  ///< of the visit under way
  std::string name_;
  std::string reason_;
  NameSet names_;
  std::size_t data_size_ = 0;  ///< of the last event: the next one will be about as large
};

}  // namespace sluice::normalize
