#pragma once

#include <span>
#include <string>

#include "gateway/core/record.h"

namespace sluice::cloud_mqtt {

/// Where records are published. Immutable; any thread.
class Topics {
 public:
  virtual ~Topics() = default;

  /// Appends the topic of one message that holds these records, at least one. False: they have none there.
  virtual bool append_topic(std::string& out, std::span<const Record> records) const = 0;

  /// Whether both may go in one message.
  virtual bool together(const Record& one, const Record& other) const = 0;
};

}  // namespace sluice::cloud_mqtt
