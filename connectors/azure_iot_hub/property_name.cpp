#include "connectors/azure_iot_hub/property_name.h"

#include "connectors/azure_iot_hub/json_member.h"
#include "gateway/core/json_text.h"
#include "gateway/core/percent.h"

namespace sluice::azure_iot_hub {

namespace {

/// The object with its members' names decoded, and each value as `append_value` writes it; `text` itself if it is none.
template <class AppendValue>
void append_decoded(std::string& out, std::string_view text, AppendValue append_value) {
  const std::optional<std::vector<JsonMember>> members = json_members(text);
  if (!members) {
    out += text;
    return;
  }
  out += '{';
  for (const JsonMember& member : *members) {
    if (out.back() != '{') out += ',';
    append_json_string(out, percent_decoded(member.name));
    out += ':';
    append_value(out, member.value);
  }
  out += '}';
}

}  // namespace

std::string property_name(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  bool after_c2 = false;  // U+0080 to U+009F are C2 80 to C2 9F
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = byte < 0x20 || byte == 0x7f || (after_c2 && byte >= 0x80 && byte < 0xa0);
    after_c2 = byte == 0xc2;
    if (control && byte >= 0x80) out.replace(out.size() - 1, 1, "%C2");
    if (control || c == '.' || c == '$' || c == ' ' || c == '%')
      ((out += '%') += digits[byte >> 4]) += digits[byte & 0xf];
    else
      out += c;
  }
  return out;
}

std::string settings_text(std::string_view desired) {
  const auto as_it_stands = [](std::string& out, std::string_view params) { out += params; };
  const auto commands = [&](std::string& out, std::string_view device) { append_decoded(out, device, as_it_stands); };
  std::string out;
  append_decoded(out, desired, commands);
  return out;
}

}  // namespace sluice::azure_iot_hub
