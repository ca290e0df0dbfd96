#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/normalize/param_schema.h"
#include "gateway/normalize/payload_template.h"
#include "gateway/normalize/schema.h"
#include "gateway/normalize/topic_pattern.h"

namespace sluice::normalize {

/// How a command is made: everything looked up, parsed and checked. Immutable.
struct CommandPlan {
  struct Param {
    const CommandSchema::Param* schema = nullptr;
    std::shared_ptr<const ParamSchema> check;
  };
  const Family* family = nullptr;
  const CommandSchema* schema = nullptr;
  TopicPattern topic;
  /// The topic's first level comes from a parameter: it may be any topic, and so says nothing about what is telemetry.
  bool any_topic = false;
  std::vector<Param> params;
  PayloadTemplate payload;
};

/// Compiles a command of one of `families`, among which its replies may be. What makes no sense becomes a problem;
/// nothing is returned where the topic is none.
std::optional<CommandPlan> compile_command(const std::vector<Family>& families, const Family& family,
                                           const CommandSchema& command, Problems& problems);

}  // namespace sluice::normalize
