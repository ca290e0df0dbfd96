#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/json_tape.h"
#include "gateway/normalize/param_value.h"

namespace sluice::normalize {

/// The names of all `{name}` in a text; braces round anything that is no name are ordinary characters.
std::vector<std::string_view> placeholders_of(std::string_view text);

/// The name if the text is nothing but one placeholder, else empty.
std::string_view sole_placeholder(std::string_view text);

/// A text with its placeholders replaced by what they stand for, as it is; nothing for one that was left out. What they
/// bring is not looked through for further placeholders.
std::string filled_in(std::string_view text, const ParamValues& values);

/// What a command publishes. Immutable.
///
/// In a JSON payload a text that is nothing but a placeholder becomes the parameter's JSON value, and its member or
/// element is left out where the parameter was; within a longer text, or a key, it is encoded (RFC 8259 section 7).
class PayloadTemplate {
 public:
  PayloadTemplate() = default;
  PayloadTemplate(std::string text, bool is_json);

  std::vector<std::string> placeholders() const;
  std::string render(const ParamValues& values) const;

 private:
  bool is_left_out(std::uint32_t node, const ParamValues& values) const;
  void append_json(std::string& out, std::uint32_t node, const ParamValues& values) const;

  std::string text_;
  std::shared_ptr<const JsonTape> json_;  ///< null: plain text
};

}  // namespace sluice::normalize
