#include "gateway/core/topic_filter.h"

#include <algorithm>
#include <cstddef>

namespace sluice {

namespace {

/// Walks the levels of a topic or filter. "a//b" has three, the middle one empty.
class Levels {
 public:
  explicit Levels(std::string_view text) : rest_(text) {}
  bool done() const { return done_; }
  std::string_view next() {
    const std::size_t end = rest_.find('/');
    const std::string_view level = rest_.substr(0, end);
    done_ = end == std::string_view::npos;
    if (!done_) rest_.remove_prefix(end + 1);
    return level;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

bool begins_with_wildcard(std::string_view filter) {
  return !filter.empty() && (filter[0] == '+' || filter[0] == '#');
}
bool begins_with_dollar(std::string_view text) {
  return !text.empty() && text[0] == '$';
}

/// Whether what is left of `levels` is nothing or "#" alone: then the other side may end here ("a/#" covers "a").
bool may_end(Levels levels) {
  return levels.done() || (levels.next() == "#" && levels.done());
}

}  // namespace

bool is_valid_filter(std::string_view filter) {
  if (filter.empty() || filter.size() > 65535 || filter.find('\0') != std::string_view::npos) return false;
  Levels levels(filter);
  while (!levels.done()) {
    const std::string_view level = levels.next();
    if (level == "#") return levels.done();
    if (level != "+" && level.find_first_of("+#") != std::string_view::npos) return false;
  }
  return true;
}

bool covers(std::string_view filter, std::string_view topic) {
  if (begins_with_wildcard(filter) && begins_with_dollar(topic)) return false;
  Levels wanted(filter);
  Levels given(topic);
  while (!wanted.done()) {
    const std::string_view want = wanted.next();
    if (want == "#") return true;
    if (given.done()) return false;
    if (const std::string_view level = given.next(); want != "+" && want != level) return false;
    if (given.done()) return may_end(wanted);
  }
  return given.done();
}

bool overlap(std::string_view a, std::string_view b) {
  if (begins_with_wildcard(a) && begins_with_dollar(b)) return false;
  if (begins_with_wildcard(b) && begins_with_dollar(a)) return false;
  Levels left(a);
  Levels right(b);
  while (!left.done() && !right.done()) {
    const std::string_view l = left.next();
    const std::string_view r = right.next();
    if (l == "#" || r == "#") return true;
    if (l != "+" && r != "+" && l != r) return false;
  }
  return may_end(left) && may_end(right);
}

std::string join(std::string_view a, std::string_view b) {
  Levels left(a);
  Levels right(b);
  std::string out;
  while (true) {
    const std::string_view l = left.next();
    const std::string_view r = right.next();
    if (l == "#" || r == "#") return out + "#";
    out += l == r ? std::string(l) : "+";
    if (left.done() && right.done()) return out;
    // "a" joined with "a/b" is "a/#", which covers "a" too.
    if (left.done() || right.done()) return out + "/#";
    out += '/';
  }
}

std::vector<std::string> disjoint(std::vector<std::string> filters) {
  std::sort(filters.begin(), filters.end());
  filters.erase(std::unique(filters.begin(), filters.end()), filters.end());
  for (std::size_t i = 0; i < filters.size(); ++i) {
    for (std::size_t j = i + 1; j < filters.size(); ++j) {
      if (!overlap(filters[i], filters[j])) continue;
      filters[i] = join(filters[i], filters[j]);
      filters.erase(filters.begin() + static_cast<std::ptrdiff_t>(j));
      // The wider one may overlap with any of the others: begin again.
      i = static_cast<std::size_t>(-1);
      break;
    }
  }
  std::sort(filters.begin(), filters.end());
  return filters;
}

}  // namespace sluice
