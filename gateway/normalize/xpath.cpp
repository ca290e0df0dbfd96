#include "gateway/normalize/xpath.h"

#include <algorithm>

#include "gateway/normalize/xpath_cost.h"
#include "gateway/normalize/xpath_query.h"

namespace sluice::normalize {

namespace {

/// Takes the leading "../" off an expression, and counts them. What is left of ".." alone is ".", of "..//a" ".//a".
std::size_t take_ups(std::string& expression) {
  std::size_t ups = 0;
  while (true) {
    expression.erase(0, expression.find_first_not_of(" \t\r\n"));
    if (!expression.starts_with("..")) return ups;
    ++ups;
    const std::size_t behind = expression.find_first_not_of(" \t\r\n", 2);
    if (behind == std::string::npos || expression[behind] != '/') {
      expression.replace(0, 2, ".");
      return ups;
    }
    expression.erase(0, behind + 1);
    if (expression.starts_with("/")) expression.insert(0, "./");
  }
}

constexpr std::string_view only_there =
    "a placeholder may stand in the name of the last step, as in /values/h{n} or @{n}";

/// Of a name: letters, digits, and what may join them.
bool is_name_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || static_cast<unsigned char>(c) >= 0x80;
  });
}

}  // namespace

std::optional<NamePart> take_wildcard(std::string& expression, std::string& wrong) {
  const std::size_t brace = expression.find_first_of("{}");
  if (brace == std::string::npos) return std::nullopt;
  const std::size_t slash = expression.rfind('/', brace);
  std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  if (expression.compare(begin, 1, "@") == 0) ++begin;
  std::optional<NamePart> part = NamePart::parse(std::string_view(expression).substr(begin));
  const bool upwards = expression.compare(expression.find_first_not_of(" \t\r\n"), 2, "..") == 0;
  if (!part || !is_name_text(part->prefix) || !is_name_text(part->suffix) || expression.find('|') != std::string::npos)
    wrong = only_there;
  else if (upwards)
    wrong = "a wildcard must not begin upwards: each element would walk over all its neighbours";
  expression.replace(begin, std::string::npos, "*");
  return wrong.empty() ? part : std::nullopt;
}

XPath::XPath(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
XPath::~XPath() = default;

std::shared_ptr<const XPath> XPath::compile(const std::string& expression, bool relative, std::string& wrong) {
  wrong = why_costly(expression, relative);
  if (!wrong.empty()) return nullptr;
  std::string rest = expression;
  const std::size_t ups = take_ups(rest);
  try {
    return std::shared_ptr<const XPath>(new XPath(std::make_unique<const Compiled>(rest.c_str(), ups)));
  } catch (const pugi::xpath_exception& e) {
    wrong = "not XPath 1.0: " + std::string(e.what());
    if (e.result().offset > 0)
      wrong += " (at character " +
               std::to_string(expression.size() - rest.size() + static_cast<std::size_t>(e.result().offset) + 1) + ")";
    return nullptr;
  }
}

}  // namespace sluice::normalize
