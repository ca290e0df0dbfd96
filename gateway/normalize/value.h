#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::normalize {

/// What stands at an address of a payload. The view is valid until the source goes to its next element.
struct Value {
  enum class Kind {
    absent,     ///< nothing there, or JSON null
    boolean,    ///< "true" or "false"
    number,     ///< JSON number text
    text,       ///< any text; of CSV, XML and text payloads always
    structure,  ///< a JSON object or array
  };
  Kind kind = Kind::absent;
  std::string_view text;

  bool present() const { return kind != Kind::absent; }
};

/// What a placeholder stands for in the message at hand, by slot.
struct Binding {
  static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();
  std::string_view text;
  std::uint32_t holder = nowhere;  ///< of a JSON wildcard: the container it was found in,
  std::uint32_t node = nowhere;    ///< and the member it stands for, so that it need not be searched again
};
using Bindings = std::vector<Binding>;

/// Why a message that applies cannot be read.
struct Refusal {
  std::string reason;  ///< begins with a stable word: "not JSON", "missing", ...
  std::string field;   ///< the reading or address at fault; may be empty
};

/// At most `bytes_max` bytes of outside text, for a reason: whole UTF-8 characters, everything else replaced.
std::string excerpt(std::string_view text, std::size_t bytes_max = 40);

}  // namespace sluice::normalize
