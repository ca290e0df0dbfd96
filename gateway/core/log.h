#pragma once

#include <string_view>

namespace sluice {

enum class LogLevel { debug, info, warning, error };

/// Where the floors tell people what happens; the app decides on the form. Any thread. What comes from outside may
/// stand in a text as it is: the implementation escapes control characters. Secrets never stand in one.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view component, std::string_view text) = 0;

  void debug(std::string_view component, std::string_view text) { write(LogLevel::debug, component, text); }
  void info(std::string_view component, std::string_view text) { write(LogLevel::info, component, text); }
  void warning(std::string_view component, std::string_view text) { write(LogLevel::warning, component, text); }
  void error(std::string_view component, std::string_view text) { write(LogLevel::error, component, text); }
};

}  // namespace sluice
