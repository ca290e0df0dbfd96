#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"
#include "gateway/core/record_id.h"

namespace sluice {

/// The numbers are stored: never change one.
enum class RecordKind : std::uint8_t { reading = 1, occurrence = 2, presence = 3, outcome = 4, raw = 5, notice = 6 };

std::string_view name_of(RecordKind kind);  ///< "reading"
std::optional<RecordKind> record_kind(std::string_view name);

/// What the gateway keeps and forwards: one CloudEvent, before its envelope. The id is zero until Ingest gives one.
struct Record {
  RecordId id;
  RecordKind kind = RecordKind::reading;
  std::string device;  ///< "tasmota/kitchen"
  std::string schema;  ///< "tasmota/sensor"
  Timestamp time{};    ///< the event's own time (UTC)
  std::string data;    ///< a JSON object as text: the CloudEvent's `data`
  /// The device's own payload, untouched: kept where a cloud wants it, with the first record of a message.
  std::optional<std::string> payload{};
  /// Set where the clock was not synced at its acceptance: when, by that clock, the machine was started.
  std::optional<Timestamp> boot_at{};
  /// When it was accepted, where the id tells it wrongly: its clock was set later.
  std::optional<Timestamp> accepted_at{};

  /// When it was accepted; nothing where nobody knows.
  std::optional<Timestamp> accepted() const {
    if (boot_at) return std::nullopt;
    return accepted_at ? accepted_at : id.time();
  }

  /// What a record counts as against limits by bytes: its text, and a fixed share for everything round it.
  std::size_t size() const {
    return data.size() + device.size() + schema.size() + (payload ? payload->size() : 0) + 64;
  }
};

/// The topic the device published on, as `data` has it; nothing for what no device said.
std::optional<std::string> topic_of(const Record& record);

}  // namespace sluice
