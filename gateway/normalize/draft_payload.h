#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// What a payload looks like to somebody who has never seen its device: guesses for a first schema.
struct Look {
  /// A place where a value stands.
  struct Field {
    std::string address;
    std::vector<std::string> path;  ///< what it is called, outermost first; "{n}" for the elements of a list
    bool numbers = true;            ///< every value was one
    double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
    std::string sample;  ///< the first value
  };
  /// A row's fields, or a text's only one.
  Format format = Format::text;
  std::optional<std::string> each;  ///< the list whose elements are events
  CsvSchema csv;
  std::vector<Field> fields;
  bool masked = false;    ///< a secret stood in it, which is no field
  bool presence = false;  ///< its only field says online or offline
  std::vector<std::string> online, offline;

  /// Adds what another payload of the same kind has. False, and nothing, if it is of another kind.
  bool add(const Look& other);
  /// Of the fields of both, the share that both have: 0 to 1.
  double likeness(const Look& other) const;
};

/// Nothing for bytes that are no text.
std::optional<Look> look_at(std::string_view payload);

/// The payload with "***" wherever a member of a secret-looking name has a value; nothing where it cannot be made sure
/// of that.
std::optional<std::string> masked(std::string_view payload, const Look& look);

/// At most so many fields of a message are looked at.
inline constexpr std::size_t draft_fields_max = 200;

// The parts of look_at, one a format; nothing where the payload is not of it.
std::optional<Look> look_at_json(std::string_view payload);
std::optional<Look> look_at_csv(std::string_view text);
std::optional<Look> look_at_xml(std::string_view payload);

/// Adds a value, unless it is secret or there are too many.
void add_field(Look& look, std::string address, std::vector<std::string> path, std::string_view value, char decimal);

}  // namespace sluice::normalize
