#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "connectors/cloud_mqtt/mqtt_sink.h"
#include "connectors/mqtt/publish_packet.h"

namespace sluice::cloud_mqtt {

/// What goes into one PUBLISH. Keeps its memory from one message to the next. One thread.
class Packing {
 public:
  Packing(const Options& options, const Clock& clock);

  /// Makes the next message of the first of `records`, or of more of them where several may share one: at most
  /// `bytes_max` bytes, unless a single record is larger. How many it holds; 0: the first has no topic or no payload
  /// here, and `why_not` says so.
  std::size_t fill(std::span<const Record> records, std::size_t bytes_max);

  const std::string& topic() const { return topic_; }
  std::string_view payload() const { return payload_; }
  const char* why_not() const { return why_not_; }
  /// MQTT 5: content type, message expiry, and what is known of the event as user properties (CloudEvents MQTT binding
  /// section 3.1; the names without a prefix). Empty for 3.1.1.
  const mqtt::PropertyList& properties() const { return properties_; }

 private:
  bool binary() const;
  std::size_t fill_one(const Record& record);
  std::size_t fill_array(std::span<const Record> records, std::size_t bytes_max);
  mqtt::PropertyList properties_of(const Record& first) const;
  std::uint32_t expiry(const Record& record) const;

  const Options& options_;
  const Clock& clock_;
  const std::string source_;
  std::string topic_;
  std::string text_;
  std::string_view payload_;
  mqtt::PropertyList properties_;
  const char* why_not_ = "";
  bool array_ = false;
};

}  // namespace sluice::cloud_mqtt
