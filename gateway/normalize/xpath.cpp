#include "gateway/normalize/xpath.h"

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

}  // namespace

XPath::XPath(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
XPath::~XPath() = default;

std::shared_ptr<const XPath> XPath::compile(const std::string& expression, bool relative, std::string& wrong) {
  if (expression.find_first_of("{}") != std::string::npos) {
    wrong = "an XPath has no placeholders";
    return nullptr;
  }
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
