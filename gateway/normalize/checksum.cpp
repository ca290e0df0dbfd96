#include "gateway/normalize/checksum.h"

#include <charconv>

namespace sluice::normalize {

std::optional<Refusal> take_checksum(std::string_view& sentence) {
  if (!sentence.starts_with('$') && !sentence.starts_with('!'))
    return Refusal{"checksum: '" + excerpt(sentence) + "' does not begin with $ or !", ""};
  const std::string_view inner = sentence.substr(1, sentence.find('*') - 1);
  if (inner.size() + 1 < sentence.size()) {
    const std::string_view digits = sentence.substr(inner.size() + 2);
    unsigned sum = 0;
    for (const char c : inner) sum ^= static_cast<unsigned char>(c);
    unsigned said = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), said, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2 || said != sum)
      return Refusal{"checksum: wrong in '" + excerpt(sentence, 100) + "'", ""};
  }
  sentence = inner;
  return std::nullopt;
}

}  // namespace sluice::normalize
