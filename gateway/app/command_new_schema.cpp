#include <algorithm>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include "connectors/local_broker/mqtt_source.h"
#include "connectors/local_broker/trial.h"
#include "gateway/app/commands.h"
#include "gateway/app/config.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/paths.h"
#include "gateway/core/log.h"
#include "gateway/core/topic_filter.h"
#include "gateway/normalize/draft.h"
#include "gateway/normalize/recorded.h"

namespace sluice::app {

namespace {

using normalize::Draft;

/// What has come so far; the broker's thread adds, the main thread looks.
class Listening final : public Acceptor {
 public:
  explicit Listening(std::size_t count_max) : count_max_(count_max) {}

  Result<> accept(std::span<const Message> messages) override {
    const std::lock_guard lock(mutex_);
    for (const Message& message : messages) {
      if (message.from_gateway || heard_ >= count_max_) continue;
      heard_ += 1;
      draft_.add(message.topic, message.payload, message.retained);
    }
    return {};
  }
  Result<> ready() override { return {}; }
  Result<> session_lost() override { return {}; }

  bool enough() const {
    const std::lock_guard lock(mutex_);
    return heard_ >= count_max_ || draft_.full();
  }
  std::string words() const {
    const std::lock_guard lock(mutex_);
    return std::to_string(draft_.messages()) + " messages on " + std::to_string(draft_.topics()) + " topics";
  }
  /// Once the broker's thread has ended.
  const Draft& draft() const { return draft_; }

 private:
  const std::size_t count_max_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::size_t heard_ = 0;
  Draft draft_;
};

class Silence final : public Log {
 public:
  void write(LogLevel, std::string_view, std::string_view) override {}
};

std::size_t count_max(const NewSchemaOptions& options) {
  return options.count.value_or(Draft::Limits().messages_max);
}

/// The configuration's broker, or that of --broker; nothing, with the complaint told, where there is none.
std::optional<local_broker::Options> broker_of(const NewSchemaOptions& options) {
  local_broker::Options broker;
  if (options.config_file && options.broker.empty()) {
    normalize::Problems problems;
    const auto config = read_config(*options.config_file, problems);
    if (!problems.empty()) std::cerr << problems.text();
    if (!config) return std::nullopt;
    broker = config->local_broker;
  } else {
    const auto address = mqtt::parse_address(options.broker.empty() ? "mqtt://localhost:1883" : options.broker);
    if (!address) std::cerr << "sluice: --broker: " << address.error().message << "\n";
    if (!address) return std::nullopt;
    broker.address = *address;
  }
  broker.client_id = "sluice-new-" + std::to_string(getpid());
  broker.filters = {options.filter};
  broker.former_filters.clear();
  broker.ignore_retained = false;
  broker.keep_session = false;
  return broker;
}

/// Whether SIGINT or SIGTERM came within that time.
bool ended(Duration within, const sigset_t& ends) {
  const auto rest = std::clamp(within, Duration(0), Duration(900));
  const timespec time{0, static_cast<long>(rest.count()) * 1'000'000};
  return sigtimedwait(&ends, nullptr, &time) > 0;
}

/// Waits until enough has come, the time is over or somebody presses Ctrl-C, and tells how it goes.
void watch(const local_broker::MqttSource& source, const Listening& listening, const NewSchemaOptions& options,
           const sigset_t& ends) {
  const SystemClock clock;
  const Instant patience = clock.now() + std::chrono::seconds(15);
  while (!source.state().subscribed && clock.now() < patience)
    if (ended(Duration(20), ends)) return;
  std::cerr << "listening to " << options.filter << " for "
            << std::chrono::duration_cast<std::chrono::seconds>(options.listen_for).count() << " s (Ctrl-C ends)\n";
  const Instant until = clock.now() + options.listen_for;
  std::string told;
  while (clock.now() < until && !listening.enough()) {
    if (ended(std::min(Duration(200), std::chrono::duration_cast<Duration>(until - clock.now())), ends)) return;
    if (std::string words = listening.words(); words != told) std::cerr << (told = std::move(words)) << "\n";
  }
}

/// A family of one's own takes the place of a shipped one of the same name, also where that was not meant.
void warn_of_shipped(std::string_view text) {
  constexpr std::string_view key = "family: ";
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return;
  const std::string_view name = text.substr(at + key.size(), text.find('\n', at) - at - key.size());
  if (std::filesystem::exists(shipped_schemas() / (std::string(name) + ".yaml")))
    std::cerr << "sluice: a family '" << name
              << "' ships, and this one would take its place; --family gives it another name\n";
}

int write_out(const Draft& draft, const NewSchemaOptions& options) {
  std::cerr << draft.messages() << " messages on " << draft.topics() << " topics";
  if (draft.passed_over() > 0) std::cerr << "; " << draft.passed_over() << " more were passed over (limits)";
  std::cerr << "\n";
  const auto text = draft.write(options.family, options.filter);
  if (!text) {
    std::cerr << "sluice: " << text.error().message << "\n";
    return exit_data;
  }
  warn_of_shipped(*text);
  if (!options.output) {
    std::cout << *text << std::flush;
    return std::cout ? exit_ok : exit_disk;
  }
  std::ofstream file(*options.output, std::ios::binary);
  file << *text << std::flush;
  if (!file) {
    std::cerr << "sluice: " << options.output->string() << ": cannot be written\n";
    return exit_disk;
  }
  std::cerr << options.output->string() << ": written; look at each '# unit?', then sluice schemas test "
            << options.output->string() << "\n";
  return exit_ok;
}

int read_recording(const NewSchemaOptions& options) {
  std::ifstream in(*options.from, std::ios::binary);
  Draft draft;
  std::size_t number = 0, taken = 0;
  for (std::string line; taken < count_max(options) && std::getline(in, line);) {
    number += 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto recorded = normalize::read_recorded(line);
    if (!recorded) {
      std::cerr << options.from->string() << ":" << number << ": " << recorded.error().message << "\n";
      return exit_data;
    }
    if (!covers(options.filter, recorded->topic)) continue;
    taken += 1;
    draft.add(recorded->topic, recorded->payload, recorded->retained);
  }
  return write_out(draft, options);
}

int listen(const NewSchemaOptions& options) {
  const auto broker = broker_of(options);
  if (!broker) return options.broker.empty() ? exit_config : exit_usage;
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  // The source would try again and again; who waits here wants to know at once.
  local_broker::Trial trial(*broker);
  Result<> possible;
  if (const auto version = trial.connect(); !version) possible = version.error();
  if (possible) possible = trial.subscribe();
  if (!possible) {
    std::cerr << "sluice: " << possible.error().message << "\n";
    return exit_unavailable;
  }
  const SystemClock clock;
  Silence log;
  local_broker::MqttSource source(*broker, clock, log);
  Listening listening(count_max(options));
  {
    std::jthread reading([&](const std::stop_token& stop) { (void)source.run(listening, stop); });
    watch(source, listening, options, ends);
  }
  return write_out(listening.draft(), options);
}

}  // namespace

int new_schema(const NewSchemaOptions& options) {
  if (!is_valid_filter(options.filter)) {
    std::cerr << "sluice: --topic: '" << options.filter << "' is not a topic filter; write a/+/b or a/#\n";
    return exit_usage;
  }
  if (options.output && std::filesystem::exists(*options.output)) {
    std::cerr << "sluice: --output: " << options.output->string() << " is there already; name another, or remove it\n";
    return exit_usage;
  }
  return options.from ? read_recording(options) : listen(options);
}

}  // namespace sluice::app
