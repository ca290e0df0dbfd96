#pragma once
// Programmer errors end the process, in release too: a gateway in an unknown state must not acknowledge anything.

namespace sluice {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}

#define SLUICE_ASSERT(expression) \
  (static_cast<bool>(expression) ? void() : ::sluice::assertion_failed(#expression, __FILE__, __LINE__))
