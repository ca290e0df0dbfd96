#include <csignal>
#include <iomanip>
#include <iostream>
#include <sstream>

#include <nlohmann/json.hpp>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gateway/app/commands.h"
#include "gateway/app/config.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/paint.h"
#include "gateway/app/scratch_folder.h"
#include "gateway/app/stop_signal.h"
#include "gateway/app/table.h"
#include "gateway/app/trial.h"

namespace sluice::app {

namespace {

using nlohmann::ordered_json;

// The log of the database, and what a message takes of it and of the file before they are used again.
constexpr std::uint64_t room_least = 32u << 20, room_per_message = 4096;
/// No disk syncs faster.
constexpr std::int64_t sync_micros_least = 10;

/// The signals that prepare_signals() has blocked, as something to wait for.
class Interruption {
 public:
  Interruption() {
    sigset_t signals;
    pthread_sigmask(SIG_BLOCK, nullptr, &signals);
    end_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Interruption() { ::close(end_); }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  int end() const { return end_; }
  /// Which one has come; 0: none.
  int come() const {
    signalfd_siginfo which{};
    return ::read(end_, &which, sizeof which) == sizeof which ? static_cast<int>(which.ssi_signo) : 0;
  }

 private:
  int end_ = -1;
};

/// One line that is written over and over, on a terminal only.
class Progress {
 public:
  ~Progress() { operator()({}); }
  void operator()(const std::string& text) {
    if (!on_ || (text.empty() && last_ == 0)) return;
    const std::size_t pad = last_ > text.size() ? last_ - text.size() : 0;
    std::cerr << "\r" << text << std::string(pad, ' ') << (text.empty() ? "\r" : "") << std::flush;
    last_ = text.size();
  }

 private:
  const bool on_ = isatty(STDERR_FILENO) != 0;
  std::size_t last_ = 0;
};

std::string decimal(double value) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(value < 10 ? 2 : value < 100 ? 1 : 0) << value;
  return out.str();
}

std::string bytes_text(double bytes) {
  const char* unit = "B";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (bytes < 1024) break;
    bytes /= 1024;
    unit = next;
  }
  return decimal(bytes) + " " + unit;
}

std::string written_text(const CommitFigures& figures) {
  const auto bytes = figures.bytes_per_message();
  return bytes ? bytes_text(*bytes) : "not known here";
}

std::string count_of(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// What a reader must know before the figures; empty: nothing.
std::vector<std::string> warnings_of(const TrialReport& report, bool in_memory, const std::string& folder) {
  if (in_memory)
    return {folder +
            " is a file system in memory: nothing there survives a power cut, and what it costs is not what a "
            "disk costs; --dir chooses another folder"};
  if (report.sync_micros < sync_micros_least)
    return {"a sync of 4 KiB takes " + std::to_string(report.sync_micros) + " microseconds in " + folder +
            ", which no disk can do: something says that it is written before it is, and a "
            "power cut would lose what was acknowledged"};
  return {};
}

std::string headline(const TrialReport& report) {
  const std::string counts = std::to_string(report.sent) + " sent, " + std::to_string(report.delivered) +
                             " delivered, " + count_of(report.crashes, "crash", "crashes") + ", " +
                             count_of(report.outages, "outage", "outages");
  for (const auto& [broken, what] :
       {std::pair(report.lost, "LOST"), std::pair(report.two_ids, "UNDER TWO IDS"),
        std::pair(report.order_broken, "OUT OF ORDER"), std::pair(report.garbled, "GARBLED")})
    if (broken > 0) return std::to_string(broken) + " " + what + ": " + counts;
  return (report.held() ? "Nothing lost: " : "NOT AS PROMISED: ") + counts;
}

void print_costs(const TrialReport& report) {
  const CommitFigures &one = report.single, &many = report.grouped;
  Table table({"", "1 A COMMIT", std::to_string(Trial::group) + " A COMMIT"});
  table.add({"commits/s", decimal(one.commits_per_s()), decimal(many.commits_per_s())});
  table.add({"messages/s", decimal(one.messages_per_s()), decimal(many.messages_per_s())});
  table.add({"a commit, p50", decimal(one.within_ms(0.5)) + " ms", decimal(many.within_ms(0.5)) + " ms"});
  table.add({"a commit, p99", decimal(one.within_ms(0.99)) + " ms", decimal(many.within_ms(0.99)) + " ms"});
  table.add({"written a message", written_text(one), written_text(many)});
  table.print();
}

void print_meaning(const TrialReport& report) {
  const auto one = report.single.bytes_per_message(), many = report.grouped.bytes_per_message();
  std::cout << "\nUp to " << decimal(report.single.commits_per_s())
            << " messages a second each has a commit of its own here; beyond that the gateway gathers them.\n";
  if (!one || !many) return;
  constexpr double many_messages = 1e6;
  std::cout << "A million messages write " << bytes_text(*one * many_messages) << " to this disk one by one, "
            << bytes_text(*many * many_messages) << " gathered to " << Trial::group
            << " a commit:\nbuffer.commit_wait gathers them where an SD card is to write less.\n";
}

void print(const TrialReport& report) {
  std::cout << Paint()(headline(report), report.held()) << "\n\n";
  Table table({"SENT", "ACKNOWLEDGED", "DELIVERED", "REPEATED", "LOST", "TWO IDS", "OUT OF ORDER", "GARBLED"});
  std::vector<std::string> row;
  for (const std::uint64_t count : {report.sent, report.acknowledged, report.delivered, report.repeated, report.lost,
                                    report.two_ids, report.order_broken, report.garbled})
    row.push_back(std::to_string(count));
  table.add(std::move(row));
  table.print();
  std::cout << "Repeated: sent again under the same id after a crash, which is allowed. " << report.backlog_max
            << " waited at the end of the outage.\n\n";
  print_costs(report);
  print_meaning(report);
}

ordered_json json_of(const CommitFigures& figures) {
  const auto bytes = figures.bytes_per_message();
  return {{"messages", figures.messages()},
          {"commits", figures.commits()},
          {"commits_per_s", figures.commits_per_s()},
          {"messages_per_s", figures.messages_per_s()},
          {"p50_ms", figures.within_ms(0.5)},
          {"p99_ms", figures.within_ms(0.99)},
          {"bytes_per_message", bytes ? ordered_json(*bytes) : ordered_json()}};
}

ordered_json json_of(const TrialReport& report) {
  return {{"held", report.held()},
          {"sent", report.sent},
          {"acknowledged", report.acknowledged},
          {"delivered", report.delivered},
          {"repeated", report.repeated},
          {"lost", report.lost},
          {"two_ids", report.two_ids},
          {"order_broken", report.order_broken},
          {"garbled", report.garbled},
          {"crashes", report.crashes},
          {"outages", report.outages},
          {"backlog_max", report.backlog_max},
          {"sync_ms", static_cast<double>(report.sync_micros) / 1e3},
          {"single", json_of(report.single)},
          {"grouped", json_of(report.grouped)}};
}

void tell(const TrialReport& report, const std::vector<std::string>& warnings, const std::string& folder, bool json) {
  for (const std::string& warning : warnings) std::cerr << "sluice: warning: " << warning << "\n";
  if (!json) return print(report);
  ordered_json document = json_of(report);
  document["folder"] = folder;
  document["warnings"] = warnings;
  std::cout << document.dump() << "\n";
}

int complain(const Error& error) {
  std::cerr << "sluice: " << error.message << "\n";
  return error.kind == ErrorKind::storage ? exit_disk : error.kind == ErrorKind::invalid ? exit_data : exit_unavailable;
}

/// The rest of selftest(): when it returns, nothing is left in `place`.
int try_out(const SelftestOptions& options, const std::filesystem::path& place, const Interruption& interruption) {
  Trial::Options trial;
  if (options.messages) trial.messages = *options.messages;
  trial.all = options.messages.has_value();
  trial.interrupted = interruption.end();
  auto scratch = ScratchFolder::make(place, room_least + room_per_message * trial.messages);
  if (!scratch) return complain(scratch.error());
  trial.folder = scratch->path();
  Result<TrialReport> report = unavailable("not run");
  {
    Progress progress;
    trial.progress = [&](const std::string& text) { progress(text); };
    report = Trial(std::move(trial)).run();
  }
  if (!report) return complain(report.error());
  tell(*report, warnings_of(*report, scratch->in_memory(), place.string()), place.string(), options.json);
  return report->held() ? exit_ok : exit_data;
}

std::optional<std::filesystem::path> place_of(const SelftestOptions& options) {
  if (options.folder) return options.folder;
  normalize::Problems problems;
  if (const auto config = read_config(options.config_file, problems)) return config->store.data_dir;
  std::cerr << problems.text() << "sluice: --dir tries another folder, without a configuration\n";
  return std::nullopt;
}

}  // namespace

int selftest(const SelftestOptions& options) {
  const auto place = place_of(options);
  if (!place) return exit_config;
  prepare_signals();
  const Interruption interruption;
  const int exit = try_out(options, *place, interruption);
  if (const int signal = interruption.come(); signal != 0) {
    std::cout.flush();
    // Whoever waits for this process hears how it ended.
    std::signal(signal, SIG_DFL);
    sigset_t all;
    sigfillset(&all);
    std::raise(signal);
    pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
  }
  return exit;
}

}  // namespace sluice::app
