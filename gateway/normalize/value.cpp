#include "gateway/normalize/value.h"

#include "gateway/core/json_text.h"

namespace sluice::normalize {

std::string excerpt(std::string_view text, std::size_t bytes_max) {
  const bool cut = text.size() > bytes_max;
  if (cut) {
    std::size_t end = bytes_max;
    // Not in the middle of a UTF-8 character.
    while (end > 0 && bytes_max - end < 3 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end);
  }
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  if (!is_utf8(out))
    for (char& c : out)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return cut ? out + "..." : out;
}

}  // namespace sluice::normalize
