#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"

namespace sluice::app {

enum class LogFormat { text, json };

/// The program's log on standard error, one line a call, whatever the text holds: control characters, line ends, bytes
/// that are not UTF-8 and characters that turn the reading direction come out escaped. Any thread; a line is written
/// whole when write() returns.
///
/// text: `2026-03-01T09:00:00.123Z info    local_broker  connected to localhost:1883`.
/// json: `{"time":"…","level":"info","component":"local_broker","text":"connected to localhost:1883"}`.
/// In the systemd journal, which keeps the time itself, text has none, and lines begin with their priority as `<6>`
/// (sd-daemon(3)), which the journal takes off again.
class ConsoleLog final : public Log {
 public:
  struct Options {
    LogLevel level = LogLevel::info;  ///< the least that is written
    LogFormat format = LogFormat::text;
    bool colour = false;   ///< of the level's name, in text
    bool journal = false;  ///< standard error is the systemd journal
  };

  /// Colour only on a terminal and without NO_COLOR; whether it is the journal says JOURNAL_STREAM (systemd.exec(5)).
  static Options suited_to_stderr(LogLevel level, LogFormat format);

  explicit ConsoleLog(Options options, const Clock& clock);
  /// For tests: each line, with its end, goes to `out`.
  ConsoleLog(Options options, const Clock& clock, std::function<void(std::string_view)> out);
  ~ConsoleLog() override;

  void write(LogLevel level, std::string_view component, std::string_view text) override;
  /// The least that is written from now on. Any thread.
  void set_level(LogLevel level);

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

}  // namespace sluice::app
