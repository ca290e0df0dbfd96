#include "gateway/flow/only.h"

#include <algorithm>

namespace sluice::flow {

bool matches(std::string_view pattern, std::string_view text) {
  // Greedy with one point to come back to: linear in practice, quadratic at worst, no recursion.
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(), [](char c) { return c == '*'; });
}

bool Only::wants(const Record& record) const {
  const auto any = [](const std::vector<std::string>& patterns, std::string_view text) {
    return patterns.empty() ||
           std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return matches(pattern, text); });
  };
  return any(devices, record.device) && any(schemas, record.schema) && (!originals || record.payload.has_value()) &&
         (kinds.empty() || std::find(kinds.begin(), kinds.end(), record.kind) != kinds.end());
}

}  // namespace sluice::flow
