#include "gateway/normalize/name_part.h"

namespace sluice::normalize {

std::optional<NamePart> NamePart::parse(std::string_view text) {
  const std::size_t begin = text.find('{');
  const std::size_t end = text.find('}');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin + 2) return std::nullopt;
  const std::string_view name = text.substr(begin + 1, end - begin - 1);
  const std::string_view suffix = text.substr(end + 1);
  if (name.find('{') != std::string_view::npos || suffix.find_first_of("{}") != std::string_view::npos)
    return std::nullopt;
  return NamePart{std::string(text.substr(0, begin)), std::string(name), std::string(suffix)};
}

}  // namespace sluice::normalize
