#include "gateway/app/console_log.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <mutex>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/app/visible_text.h"

namespace sluice::app {

namespace {

constexpr std::size_t component_width = 12;

constexpr spdlog::level::level_enum spdlog_level(LogLevel level) {
  constexpr std::array levels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};
  return levels[static_cast<std::size_t>(level)];
}

std::string_view colour_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return "\x1b[2m";
    case spdlog::level::warn:
      return "\x1b[33m";
    case spdlog::level::err:
      return "\x1b[1;31m";
    default:
      return "\x1b[32m";
  }
}

/// syslog(3)'s numbers.
std::string_view priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return "<7>";
    case spdlog::level::warn:
      return "<4>";
    case spdlog::level::err:
      return "<3>";
    default:
      return "<6>";
  }
}

std::string pattern(const ConsoleLog::Options& options) {
  if (options.format == LogFormat::json) return R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";
  return options.journal ? "%^%-7l%$ %v" : "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v";
}

void write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody is left to tell
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Whether standard error is the file that JOURNAL_STREAM names as device:inode.
bool stderr_is_the_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat facts {};
  if (stream == nullptr || fstat(STDERR_FILENO, &facts) != 0) return false;
  return stream == std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino);
}

bool colours_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

struct ConsoleLog::Sink final : spdlog::sinks::base_sink<std::mutex> {
  Sink(Options options, const Clock& clock, std::function<void(std::string_view)> out)
      : options_(options), level_(options.level), clock_(clock), out_(std::move(out)) {
    set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern(options), spdlog::pattern_time_type::utc, "\n"));
  }

  bool wants(LogLevel level) const { return level >= level_; }
  void set_level(LogLevel level) { level_ = level; }

  void write(LogLevel level, std::string_view component, std::string_view text) {
    std::string body;
    if (options_.format == LogFormat::json) {
      body += "\"component\":";
      append_json_visible(body, component);
      body += ",\"text\":";
      append_json_visible(body, text);
    } else {
      append_visible(body, component);
      if (body.size() < component_width) body.resize(component_width, ' ');
      body += "  ";
      append_visible(body, text);
    }
    log(spdlog::details::log_msg(clock_.wall_time(), {}, "", spdlog_level(level), body));
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    const std::string_view text(formatted.data(), formatted.size());
    line_.clear();
    if (options_.journal) line_ += priority_of(message.level);
    if (options_.colour && message.color_range_end > message.color_range_start) {
      line_.append(text, 0, message.color_range_start).append(colour_of(message.level));
      line_.append(text, message.color_range_start, message.color_range_end - message.color_range_start);
      line_.append("\x1b[0m").append(text, message.color_range_end);
    } else {
      line_ += text;
    }
    out_(line_);
  }
  void flush_() override {}

  const Options options_;
  std::atomic<LogLevel> level_;
  const Clock& clock_;
  const std::function<void(std::string_view)> out_;
  std::string line_;
};

ConsoleLog::Options ConsoleLog::suited_to_stderr(LogLevel level, LogFormat format) {
  return {.level = level, .format = format, .colour = colours_wanted(), .journal = stderr_is_the_journal()};
}

ConsoleLog::ConsoleLog(Options options, const Clock& clock) : ConsoleLog(options, clock, write_to_stderr) {}

ConsoleLog::ConsoleLog(Options options, const Clock& clock, std::function<void(std::string_view)> out)
    : sink_(std::make_unique<Sink>(options, clock, std::move(out))) {}

ConsoleLog::~ConsoleLog() = default;

void ConsoleLog::set_level(LogLevel level) {
  sink_->set_level(level);
}

void ConsoleLog::write(LogLevel level, std::string_view component, std::string_view text) {
  if (sink_->wants(level)) sink_->write(level, component, text);
}

}  // namespace sluice::app
