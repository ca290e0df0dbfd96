#pragma once

#include <pugixml.hpp>

#include "gateway/normalize/xpath.h"

namespace sluice::normalize {

/// An XPath as pugixml has it. "../../time" is two steps up, and then "time".
struct XPath::Compiled {
  Compiled(const char* expression, std::size_t steps_up) : ups(steps_up), query(expression) {}
  std::size_t ups;
  pugi::xpath_query query;
};

}  // namespace sluice::normalize
