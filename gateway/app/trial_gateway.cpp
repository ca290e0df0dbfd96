#include "gateway/app/trial_gateway.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "gateway/app/cloud_runner.h"
#include "gateway/app/console_log.h"
#include "gateway/app/trial_messages.h"
#include "gateway/core/cloud_event.h"
#include "gateway/flow/ingest.h"

namespace sluice::app {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr auto cloud_name = "cloud";
constexpr Duration retry_after{100};
constexpr std::size_t batch_max = 50;  ///< its events fit into one piece

/// A cloud at the end of a line.
class LineSink final : public UplinkSink {
 public:
  explicit LineSink(const Line& line) : line_(line) {}

  std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token) override {
    std::string events;
    for (const Record& record : records) {
      append_cloud_event(events, record, "/sluice/selftest");
      events += '\n';
    }
    const auto verdict = line_.send(events) ? line_.hear<TrialVerdict>() : std::nullopt;
    if (verdict == TrialVerdict::taken) return std::vector<Verdict>(records.size(), Verdict::accept());
    return std::vector<Verdict>(records.size(), Verdict::defer("the cloud is away", retry_after));
  }

 private:
  const Line& line_;
};

/// No commands come down in a trial.
class NoCommands final : public CommandAcceptor {
 public:
  Result<std::vector<CommandAnswer>> accept(const std::string&, const CommandMessage&) override {
    return unavailable("no commands in a trial");
  }
};

Cloud line_cloud() {
  Cloud cloud;
  cloud.name = cloud.type = cloud_name;
  cloud.batch_count_max = batch_max;
  return cloud;
}

/// All that this process has caused to be written to a disk (proc(5)); -1 where nobody says.
std::int64_t written() {
  std::ifstream io("/proc/self/io");
  for (std::string line; std::getline(io, line);)
    if (line.starts_with("write_bytes: ")) return std::stoll(line.substr(13));
  return -1;
}

/// What a sync of 4 KiB takes here, the median of some; or why it fails.
Result<microseconds> bare_sync(const std::filesystem::path& folder, const Clock& clock) {
  const std::filesystem::path path = folder / "sync";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  std::vector<microseconds> times;
  const Instant end = clock.now() + seconds(1);
  bool good = file >= 0;
  while (good && times.size() < 5 && (times.empty() || clock.now() < end)) {
    const Instant begin = clock.now();
    good = ::pwrite(file, page.data(), page.size(), 0) == static_cast<ssize_t>(page.size()) && ::fsync(file) == 0;
    times.push_back(duration_cast<microseconds>(clock.now() - begin));
  }
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!good) return storage_error("syncing " + path.string() + ": " + std::system_category().message(error));
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

class TrialGateway {
 public:
  TrialGateway(std::unique_ptr<store::Store> store, const Line& cloud, const Clock& clock, Log& log)
      : store_(std::move(store)),
        clock_(clock),
        ids_(clock),
        devices_(*store_, clock, log),
        ingest_({.gateway_id = "selftest"}, reader(), *store_, devices_, ids_, clock, log),
        runner_(line_cloud(), {std::make_unique<LineSink>(cloud), nullptr}, *store_, no_commands_, clock, log) {
    runner_.start();
    threads_.start("housekeeping", [this](const std::stop_token& stop) { keep_house(stop); });
  }
  ~TrialGateway() { runner_.request_stop(); }

  /// Returns once they are safe, as to a broker.
  Result<> accept(const TrialOrder& order) {
    std::vector<Message> messages;
    for (std::uint64_t number = order.first; number < order.first + order.count; ++number) {
      messages.push_back(trial_message(number, clock_.wall_time()));
      messages.back().resent = number <= order.resent_through;
    }
    return ingest_.accept(messages);
  }

  void wait_drained() {
    while (store_->snapshot().clouds.front().backlog_records > 0) rest(Duration(10), {});
  }

 private:
  static std::unique_ptr<normalize::Normalizer> reader() {
    return std::make_unique<normalize::Normalizer>(trial_library(), normalize::Normalizer::Options{});
  }

  void keep_house(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!store_->step()) return;  // the way in tells it, too
      rest(seconds(1), stop);
    }
  }

  std::unique_ptr<store::Store> store_;
  const Clock& clock_;
  RecordIds ids_;
  flow::Devices devices_;
  flow::Ingest ingest_;
  NoCommands no_commands_;
  CloudRunner runner_;
  Threads threads_;
};

Result<std::unique_ptr<TrialGateway>> open(const std::filesystem::path& data_dir, const Line& cloud, const Clock& clock,
                                           Log& log) {
  auto store = store::Store::open({.data_dir = data_dir}, clock, log);
  if (!store) return store.error();
  if (auto kept = (*store)->keep_clouds({cloud_name}); !kept) return kept.error();
  return std::make_unique<TrialGateway>(std::move(*store), cloud, clock, log);
}

bool tell_failed(const Line& broker, const Error& error) {
  TrialAnswer answer;
  error.message.copy(answer.why, sizeof answer.why - 1);
  broker.tell(answer);
  return false;
}

}  // namespace

bool run_trial_gateway(const std::filesystem::path& data_dir, const Line& broker, const Line& cloud) {
  const SystemClock clock;
  ConsoleLog log(ConsoleLog::suited_to_stderr(LogLevel::error, LogFormat::text), clock);
  const auto sync = bare_sync(data_dir, clock);
  if (!sync) return tell_failed(broker, sync.error());
  auto gateway = open(data_dir, cloud, clock, log);
  if (!gateway) return tell_failed(broker, gateway.error());
  broker.tell(TrialAnswer{TrialAnswer::Kind::ready, 0, sync->count(), written()});
  while (const auto order = broker.hear<TrialOrder>()) {
    const Instant begin = clock.now();
    if (auto stored = (*gateway)->accept(*order); !stored) return tell_failed(broker, stored.error());
    const auto taken = duration_cast<microseconds>(clock.now() - begin);
    broker.tell(TrialAnswer{TrialAnswer::Kind::stored, order->first + order->count - 1, taken.count(), written()});
  }
  (*gateway)->wait_drained();
  return true;
}

}  // namespace sluice::app
