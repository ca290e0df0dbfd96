#include "tests/fuzz/target.h"

#include <algorithm>
#include <stdexcept>

namespace sluice::fuzz {

namespace {

class Broken final : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

constexpr std::size_t shown_max = 2000;

}  // namespace

Target::Target(const char* target_name, void (*target_run)(std::string_view)) : name(target_name), run(target_run) {
  targets().push_back(this);
}

std::vector<const Target*>& targets() {
  static std::vector<const Target*> all;
  return all;
}

void require(bool holds, std::string_view promise, std::string_view shown) {
  if (holds) return;
  std::string words = "broken: " + std::string(promise);
  if (!shown.empty()) words.append(": ").append(shown.substr(0, shown_max));
  throw Broken(words);
}

std::string_view take_until(std::string_view& rest, std::string_view end) {
  const std::size_t at = rest.find(end);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + end.size());
  return taken;
}

std::size_t take_choice(std::string_view& rest, std::size_t count) {
  if (rest.empty()) return 0;
  const auto byte = static_cast<unsigned char>(rest.front());
  rest.remove_prefix(1);
  return static_cast<unsigned char>(byte - '0') % count;
}

}  // namespace sluice::fuzz
