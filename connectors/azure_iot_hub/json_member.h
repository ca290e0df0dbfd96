#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::azure_iot_hub {

/// The value of the member `name` of the JSON object `text`, as it stands there; of several with that name the last.
/// Nothing if there is none, or `text` is no object with well-formed names and brackets that match, at most 64 deep.
/// What scalars hold is not looked at: whoever reads the value does that.
std::optional<std::string_view> json_member(std::string_view text, std::string_view name);

/// The members of such an object in their order, names and values; nothing likewise.
struct JsonMember {
  std::string name;
  std::string_view value;  ///< as it stands there
};
std::optional<std::vector<JsonMember>> json_members(std::string_view text);

/// What the string `name` of that object says; empty if there is none.
std::string json_text_member(std::string_view text, std::string_view name);

}  // namespace sluice::azure_iot_hub
