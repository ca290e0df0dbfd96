#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/cloud_mqtt/topics.h"
#include "gateway/core/result.h"

namespace sluice::cloud_mqtt {

/// The topic of a publish, as the configuration writes it: "homes/{gateway}/{device}/{schema}". Placeholders: gateway,
/// device ("tasmota/kitchen"), family ("tasmota"), name ("kitchen"), schema ("tasmota/sensor"), kind ("reading"), topic
/// (the device's own; the schema of what no device said, such as a notice). A value keeps its slashes; + # % and
/// control characters in it are percent-encoded, since MQTT forbids the wildcards in a topic name (MQTT 5
/// section 4.7.1); an empty level becomes "_".
class TopicTemplate final : public Topics {
 public:
  /// Refuses unknown placeholders, wildcards, empty levels, a leading '$' and what is too long for MQTT. Errors:
  /// config.
  static Result<TopicTemplate> parse(std::string_view text, std::string_view gateway_id);
  /// The names that may stand in braces.
  static const std::vector<std::string>& placeholders();

  /// False: the whole is too long for MQTT.
  bool append_topic(std::string& out, std::span<const Record> records) const override;
  bool together(const Record& one, const Record& other) const override;

  /// What every topic begins with, in whole levels: "homes/home-pi"; empty if the first level varies.
  std::string literal_levels() const;
  /// Whether records may differ in their topics.
  bool varies() const;

 private:
  enum class Value { literal, device, family, name, schema, kind, topic };
  struct Part {
    Value value;
    std::string text;  ///< of a literal
  };
  static void append_part(std::string& out, const Part& part, const Record& record);

  std::vector<Part> parts_;
};

}  // namespace sluice::cloud_mqtt
