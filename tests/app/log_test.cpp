#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/app/console_log.h"
#include "tests/app/config_stage.h"
#include "tests/stage/fake_clock.h"

namespace sluice::app {
namespace {

class LogTest : public testing::Test {
 protected:
  std::string written(ConsoleLog::Options options, LogLevel level, std::string_view component, std::string_view text) {
    std::string out;
    ConsoleLog log(options, clock_, [&](std::string_view line) { out += line; });
    log.write(level, component, text);
    return out;
  }
  std::string text_of(std::string_view text) {
    const std::string line = written({}, LogLevel::info, "x", text);
    const std::string head = "2026-03-01T09:00:00.000Z info    x             ";
    return line.starts_with(head) ? line.substr(head.size()) : "head: " + line;
  }

  stage::FakeClock clock_;
};

TEST_F(LogTest, text_has_time_level_component_and_text) {
  clock_.advance(Duration(123));
  EXPECT_EQ(written({}, LogLevel::info, "local_broker", "connected"),
            "2026-03-01T09:00:00.123Z info    local_broker  connected\n");
  EXPECT_EQ(written({}, LogLevel::warning, "hooks", "paused"),
            "2026-03-01T09:00:00.123Z warning hooks         paused\n");
}

TEST_F(LogTest, json_is_one_object_a_line) {
  clock_.advance(Duration(5));
  const std::string line = written({.format = LogFormat::json}, LogLevel::error, "store", "disk \"full\"\n");
  EXPECT_EQ(line, R"({"time":"2026-03-01T09:00:00.005Z","level":"error","component":"store","text":"disk \"full\"\n"})"
                  "\n");
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["text"], "disk \"full\"\n");
}

TEST_F(LogTest, only_the_level_and_above_are_written) {
  const ConsoleLog::Options options{.level = LogLevel::warning};
  EXPECT_EQ(written(options, LogLevel::debug, "x", "y"), "");
  EXPECT_EQ(written(options, LogLevel::info, "x", "y"), "");
  EXPECT_NE(written(options, LogLevel::warning, "x", "y"), "");
  EXPECT_NE(written(options, LogLevel::error, "x", "y"), "");
}

TEST_F(LogTest, journal_keeps_the_time_and_is_told_the_priority) {
  const ConsoleLog::Options journal{.level = LogLevel::debug, .journal = true};
  EXPECT_EQ(written(journal, LogLevel::debug, "x", "y"), "<7>debug   x             y\n");
  EXPECT_EQ(written(journal, LogLevel::info, "x", "y"), "<6>info    x             y\n");
  EXPECT_EQ(written(journal, LogLevel::warning, "x", "y"), "<4>warning x             y\n");
  EXPECT_EQ(written(journal, LogLevel::error, "x", "y"), "<3>error   x             y\n");
  EXPECT_TRUE(
      written({.format = LogFormat::json, .journal = true}, LogLevel::error, "x", "y").starts_with("<3>{\"time\""));
}

TEST_F(LogTest, colour_is_of_the_level_alone) {
  EXPECT_EQ(written({.colour = true}, LogLevel::error, "x", "y"),
            "2026-03-01T09:00:00.000Z \x1b[1;31merror  \x1b[0m x             y\n");
}

TEST_F(LogTest, what_would_act_on_a_terminal_is_shown_instead) {
  EXPECT_EQ(text_of("a\nb\r\tc"), "a\\nb\\r\\tc\n");
  EXPECT_EQ(text_of(std::string_view("\x1b[31mred\0\x7f", 10)), "\\x1b[31mred\\x00\\x7f\n");
  EXPECT_EQ(text_of("a\u202eb\u2066c\u200fd\u061ce\u2028f\u0085g"),
            "a\\u202eb\\u2066c\\u200fd\\u061ce\\u2028f\\u0085g\n");
}

TEST_F(LogTest, what_is_only_text_stays) {
  EXPECT_EQ(text_of("Long-Home/Küche/Temperatur 21 °C – 温度 😀"), "Long-Home/Küche/Temperatur 21 °C – 温度 😀\n");
  EXPECT_EQ(text_of("%s {} %v"), "%s {} %v\n");
}

TEST_F(LogTest, bytes_that_are_not_utf8_are_shown_one_by_one) {
  EXPECT_EQ(text_of("\xff"
                    "a\xc3"),
            "\\xffa\\xc3\n");
  EXPECT_EQ(text_of("\xed\xa0\x80"), "\\xed\\xa0\\x80\n");
}

TEST_F(LogTest, component_from_outside_is_escaped_too) {
  EXPECT_EQ(written({}, LogLevel::info, "a\nb", "c"), "2026-03-01T09:00:00.000Z info    a\\nb          c\n");
}

TEST_F(LogTest, json_shows_what_would_act_and_loses_nothing) {
  const std::string text = "a\u202eb\u0085\x1b küche";
  const std::string line = written({.format = LogFormat::json}, LogLevel::info, "x", text);
  EXPECT_NE(line.find(R"("text":"a\u202eb\u0085\u001b küche")"), std::string::npos) << line;
  EXPECT_EQ(nlohmann::json::parse(line)["text"], text);
}

TEST_F(LogTest, lines_of_many_threads_stay_whole) {
  std::vector<std::string> lines;  // the log calls one at a time
  ConsoleLog log({.format = LogFormat::json}, clock_, [&](std::string_view line) { lines.emplace_back(line); });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 200; ++i) log.info("thread", std::to_string(t) + std::string(100, 'x'));
    });
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(lines.size(), 800u);
  for (const std::string& line : lines) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

/// Standard error turned into a file for the length of a test.
class StderrFile {
 public:
  explicit StderrFile(const std::filesystem::path& path) : saved_(dup(STDERR_FILENO)) {
    SLUICE_ASSERT(freopen(path.c_str(), "w", stderr) != nullptr);
  }
  ~StderrFile() {
    fflush(stderr);
    dup2(saved_, STDERR_FILENO);
    close(saved_);
  }
  StderrFile(const StderrFile&) = delete;
  StderrFile& operator=(const StderrFile&) = delete;

 private:
  const int saved_;
};

TEST_F(LogTest, goes_to_standard_error) {
  const stage::TempFolder folder;
  {
    const StderrFile file(folder / "log");
    ConsoleLog log({}, clock_);
    log.info("x", "y");
  }
  std::ifstream in(folder / "log");
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, "2026-03-01T09:00:00.000Z info    x             y");
}

TEST_F(LogTest, the_journal_is_known_by_its_device_and_inode) {
  const stage::TempFolder folder;
  const StderrFile file(folder / "log");
  struct stat facts {};
  ASSERT_EQ(fstat(STDERR_FILENO, &facts), 0);
  const auto journal = [] { return ConsoleLog::suited_to_stderr(LogLevel::info, LogFormat::text).journal; };
  unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(journal());
  {
    const Variable stream("JOURNAL_STREAM",
                          (std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino)).c_str());
    EXPECT_TRUE(journal());
  }
  const Variable other("JOURNAL_STREAM", (std::to_string(facts.st_dev) + ":1" + std::to_string(facts.st_ino)).c_str());
  EXPECT_FALSE(journal());
}

/// Standard error turned into a terminal for the length of a test.
class StderrTerminal {
 public:
  StderrTerminal() : saved_(dup(STDERR_FILENO)), terminal_(posix_openpt(O_RDWR | O_NOCTTY)) {
    SLUICE_ASSERT(terminal_ >= 0 && grantpt(terminal_) == 0 && unlockpt(terminal_) == 0);
    const int other = open(ptsname(terminal_), O_RDWR | O_NOCTTY);
    SLUICE_ASSERT(other >= 0 && dup2(other, STDERR_FILENO) >= 0);
    close(other);
  }
  ~StderrTerminal() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    close(terminal_);
  }
  StderrTerminal(const StderrTerminal&) = delete;
  StderrTerminal& operator=(const StderrTerminal&) = delete;

 private:
  const int saved_, terminal_;
};

TEST_F(LogTest, colours_only_on_a_terminal_and_without_no_color) {
  const auto colour = [] { return ConsoleLog::suited_to_stderr(LogLevel::info, LogFormat::text).colour; };
  unsetenv("NO_COLOR");
  {
    const StderrTerminal terminal;
    EXPECT_TRUE(colour());
    const Variable no("NO_COLOR", "1");
    EXPECT_FALSE(colour());
  }
  const stage::TempFolder folder;
  const StderrFile file(folder / "log");
  EXPECT_FALSE(colour());
}

}  // namespace
}  // namespace sluice::app
