#include "gateway/core/assert.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {
void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "sluice: internal error: %s does not hold (%s:%d)\n", expression, file, line);
  std::abort();
}
}  // namespace sluice
