#include "connectors/cloud_mqtt/packing.h"

#include <algorithm>
#include <limits>

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "connectors/mqtt/marker.h"
#include "gateway/core/cloud_event.h"
#include "gateway/core/time_text.h"

namespace sluice::cloud_mqtt {

namespace {

bool is_mqtt_text(const std::string& text) {
  return text.find('\0') == std::string::npos &&
         mosquitto_validate_utf8(text.data(), static_cast<int>(text.size())) == MOSQ_ERR_SUCCESS;
}

/// What MQTT cannot say (control characters, non-characters: MQTT 5 section 1.5.4) in percent-encoding.
std::string sayable(std::string text) {
  if (is_mqtt_text(text)) return text;
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '%')
      out += c;
    else
      ((out += '%') += digits[byte >> 4]) += digits[byte & 0xf];
  }
  return out;
}

}  // namespace

Packing::Packing(const Options& options, const Clock& clock)
    : options_(options), clock_(clock), source_("/sluice/" + options.gateway_id) {}

bool Packing::binary() const {
  return options_.format == Format::cloudevents && options_.protocol == Protocol::v5 && !array_;
}

std::size_t Packing::fill(std::span<const Record> records, std::size_t bytes_max) {
  array_ = options_.pack_bytes_max > 0;
  topic_.clear();
  text_.clear();
  const std::size_t count = array_ ? fill_array(records, bytes_max) : 1;
  if (!options_.topics->append_topic(topic_, records.first(count))) {
    why_not_ = "its topic at this cloud is too long for MQTT";
    return 0;
  }
  topic_ = sayable(std::move(topic_));
  if (array_)
    payload_ = text_;
  else if (fill_one(records.front()) == 0)
    return 0;
  properties_ = properties_of(records.front());
  return count;
}

std::size_t Packing::fill_one(const Record& record) {
  if (options_.format == Format::original) {
    if (!record.payload) return why_not_ = "the device's payload was not kept", 0;
    payload_ = *record.payload;
  } else if (options_.format == Format::data || binary()) {
    payload_ = record.data;
  } else {
    append_cloud_event(text_, record, source_);
    payload_ = text_;
  }
  return 1;
}

std::size_t Packing::fill_array(std::span<const Record> records, std::size_t bytes_max) {
  std::size_t count = 0;
  while (count < records.size()) {
    if (count > 0 && !options_.topics->together(records.front(), records[count])) break;
    const std::size_t before = text_.size();
    text_ += count == 0 ? '[' : ',';
    append_cloud_event(text_, records[count], source_);
    if (count > 0 && text_.size() + 1 > bytes_max) {
      text_.resize(before);
      break;
    }
    ++count;
  }
  text_ += ']';
  return count;
}

std::uint32_t Packing::expiry(const Record& record) const {
  const Timestamp now = clock_.wall_time();
  const Duration left = options_.age_max - (now - record.accepted().value_or(now));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, std::numeric_limits<std::uint32_t>::max()));
}

mqtt::PropertyList Packing::properties_of(const Record& first) const {
  mqtt::PropertyList list;  // what is too long for MQTT is left out
  if (options_.protocol != Protocol::v5) return list;
  if (options_.age_max > Duration(0)) list.number(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, expiry(first));
  list.user(mqtt::marker, options_.gateway_id);
  if (options_.format != Format::original) {
    list.byte(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, 1);  // UTF-8 (MQTT 5 section 3.3.2.3.2)
    list.text(MQTT_PROP_CONTENT_TYPE, array_ ? "application/cloudevents-batch+json"
                                      : binary() || options_.format == Format::data ? "application/json"
                                                                                    : "application/cloudevents+json");
  }
  if (binary()) {
    std::string time;
    append_rfc3339(time, first.time);
    list.user("specversion", "1.0");
    list.user("id", first.id.text());
    list.user("source", source_);
    list.user("type", "sluice." + std::string(name_of(first.kind)) + ".v1");
    list.user("subject", sayable(first.device));
    list.user("time", time);
    list.user("dataschema", sayable("urn:sluice:schema:" + first.schema));
  }
  return list;
}

}  // namespace sluice::cloud_mqtt
