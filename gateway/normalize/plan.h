#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/normalize/address.h"
#include "gateway/normalize/command_plan.h"
#include "gateway/normalize/conversion.h"
#include "gateway/normalize/device_time.h"
#include "gateway/normalize/schema.h"
#include "gateway/normalize/text_pattern.h"
#include "gateway/normalize/topic_pattern.h"
#include "gateway/normalize/topic_tree.h"

namespace sluice::normalize {

struct UnitPlan {
  std::string text;  ///< `,"unit":"W"` ready to write; empty where `at` says it
  std::optional<Address> at;
  ValueMap map;
};

/// What a reading is where the device says nothing.
struct FallbackPlan {
  Scalar value;
  std::optional<Address> holder;  ///< only where there is what would hold it; nothing: always
};

struct ReadingPlan {
  std::string label;  ///< as the schema file has it, for reasons
  TextParts name;
  std::string head;  ///< `"wifi.rssi":{"value":` ready to write, where the name has no placeholders
  Address at;
  UnitPlan unit;
  Conversion conversion;
  std::shared_ptr<const FallbackPlan> fallback;
  bool required = false;
};

struct WhenPlan {
  bool pattern = false;
  Address at;
  std::vector<Scalar> is;
  std::shared_ptr<const TextPattern> matches;  ///< null: any value, or those of `is`
};

struct TimePlan {
  Address at;
  std::optional<Address> date, offset;
  DeviceTime time;
};

struct PresencePlan {
  Address at;
  std::vector<std::string> online, offline;
};

/// How messages of one schema are read: everything looked up, parsed and checked. Immutable.
struct MessagePlan {
  const MessageSchema* schema = nullptr;
  std::string device_prefix;  ///< "tasmota/"
  std::size_t slots = 0;      ///< of placeholders
  std::vector<WhenPlan> when;
  std::optional<Address> each;
  std::vector<Address> carry;
  TextParts device;
  std::optional<TimePlan> time;
  std::vector<ReadingPlan> readings;
  std::vector<KeySet> needs;    ///< of each reading: keys without which there is nothing to say of it
  bool names_may_meet = false;  ///< two values may come to one name
  bool remembers = false;       ///< the source must remember what was taken: for wildcards, and for the rest
  std::optional<PresencePlan> presence;
  Columns columns;
  std::shared_ptr<const TextPattern> pattern;
  std::size_t jq = 0;  ///< index + 1 into Plan::jq; 0: none

  bool applies_to_all() const { return when.empty(); }
};

/// One topic that leads to a message.
struct Route {
  std::uint32_t message = 0;  ///< index into Plan::messages
  TopicPattern topic;
  std::vector<std::size_t> slots;  ///< of the topic's names
};

/// Every message and command of every family.
struct Plan {
  static constexpr std::uint32_t command = UINT32_MAX;  ///< the target of topics that carry commands
  std::vector<MessagePlan> messages;
  std::vector<Route> routes;  ///< what other targets of `topics` are
  std::vector<CommandPlan> commands;
  std::vector<std::string> jq;  ///< programs
  TopicTree topics;
};

/// Compiles families that were read; they must outlive the plan. What makes no sense becomes a problem, and then the
/// plan is good for nothing but finding more of them.
Plan compile(const std::vector<Family>& families, Problems& problems);

}  // namespace sluice::normalize
