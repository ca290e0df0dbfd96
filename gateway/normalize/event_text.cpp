#include "gateway/normalize/event_text.h"

#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"

namespace sluice::normalize {

void append_shared_head(std::string& data, std::string_view schema, const Message& message) {
  data += ",\"schema\":";
  append_json_string(data, schema);
  data += ",\"topic\":";
  append_json_string(data, message.topic);
  data += ",\"received_at\":\"";
  append_rfc3339(data, message.received_at);
  data += message.retained ? "\",\"retained\":true,\"time_from\":\"" : "\",\"retained\":false,\"time_from\":\"";
}

void append_as_name(std::string& name, std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (plain)
      name += c;
    else if (c >= 'A' && c <= 'Z')
      name += static_cast<char>(c - 'A' + 'a');
    else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80)
      name += '_';
  }
  if (text.empty()) name += '_';
}

}  // namespace sluice::normalize
