#include <algorithm>
#include <iostream>

#include <signal.h>
#include <unistd.h>

#include "connectors/local_broker/publisher.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/schemas_in_use.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/schema.h"

namespace sluice::app {

namespace {

/// What a simulated device publishes, and how many records the gateway will make of it.
struct Line {
  const normalize::Example* example;
  std::size_t records;
};

/// The lists one after the other, one of each in turn: every family is heard of soon.
std::vector<Line> interleaved(const std::vector<std::vector<Line>>& lists) {
  std::vector<Line> lines;
  bool more = true;
  for (std::size_t i = 0; more; ++i) {
    more = false;
    for (const std::vector<Line>& list : lists) {
      if (i >= list.size()) continue;
      lines.push_back(list[i]);
      more = true;
    }
  }
  return lines;
}

std::vector<Line> lines_of(const SchemasInUse& use, const std::vector<std::string>& families) {
  normalize::Normalizer normalizer(use.library, {use.unmatched, use.timezone});
  const SystemClock clock;
  std::vector<std::vector<Line>> lists;
  for (const normalize::Family& family : use.library->families()) {
    if (!families.empty() && std::find(families.begin(), families.end(), family.name) == families.end()) continue;
    std::vector<Line>& lines = lists.emplace_back();
    for (const normalize::MessageSchema& schema : family.messages) {
      for (const normalize::Example& example : schema.examples) {
        if (example.expects != normalize::Example::Expects::events) continue;
        Message message;
        message.topic = example.topic;
        message.payload = example.payload;
        message.payload_size = example.payload.size();
        message.received_at = clock.wall_time();
        std::vector<Record> records;
        normalizer.normalize(message, records);
        lines.push_back({&example, records.size()});
      }
    }
  }
  return interleaved(lists);
}

/// Waits for the moment; false if SIGINT or SIGTERM came first.
bool wait_until(Instant moment, const Clock& clock, const sigset_t& ends) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(moment - clock.now()).count();
    const timespec time{std::max<long>(0, left / 1'000'000'000), std::max<long>(0, left % 1'000'000'000)};
    if (sigtimedwait(&ends, nullptr, &time) > 0) return false;
    if (clock.now() >= moment) return true;
  }
}

bool check_families(const SchemasInUse& use, const std::vector<std::string>& wanted) {
  std::vector<std::string_view> known;
  for (const normalize::Family& family : use.library->families()) known.push_back(family.name);
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::cerr << "sluice: --family: there is no family '" << name << "'" << normalize::did_you_mean(name, known)
              << "\n";
    return false;
  }
  return true;
}

}  // namespace

int simulate(const SimulateOptions& options) {
  const auto use = schemas_in_use(options.config_file);
  if (!use) return exit_config;
  if (!check_families(*use, options.families)) return exit_usage;
  const std::vector<Line> lines = lines_of(*use, options.families);
  if (lines.empty()) {
    std::cerr << "sluice: these families have no examples to publish\n";
    return exit_data;
  }

  local_broker::Options broker = use->config ? use->config->local_broker : local_broker::Options{};
  if (!options.broker.empty() || !use->config) {
    const auto address = mqtt::parse_address(options.broker.empty() ? "mqtt://localhost:1883" : options.broker);
    if (!address) {
      std::cerr << "sluice: --broker: " << address.error().message << "\n";
      return exit_usage;
    }
    broker.address = *address;
  }
  broker.client_id = "sluice-simulate-" + std::to_string(getpid());

  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  auto publisher = local_broker::Publisher::connect(broker);
  if (!publisher) {
    std::cerr << "sluice: " << publisher.error().message << "\n";
    return exit_unavailable;
  }
  const SystemClock clock;
  const Instant begin = clock.now();
  const std::chrono::duration<double> interval(1 / options.rate);
  std::uint64_t published = 0, records = 0;
  while (true) {
    const auto due = std::chrono::duration_cast<Instant::duration>(interval * static_cast<double>(published));
    if (options.duration && due >= *options.duration) break;
    if (!wait_until(begin + due, clock, ends)) break;
    const Line& line = lines[published % lines.size()];
    if (const auto sent = (*publisher)->publish(line.example->topic, line.example->payload, 1); !sent) {
      std::cerr << "sluice: " << sent.error().message << "\n";
      return exit_unavailable;
    }
    published += 1;
    records += line.records;
  }
  if (const auto flushed = (*publisher)->flush(std::chrono::seconds(30)); !flushed) {
    std::cerr << "sluice: " << flushed.error().message << "\n";
    return exit_unavailable;
  }
  std::cout << "{\"published\":" << published << ",\"expected_records\":" << records << "}\n";
  return exit_ok;
}

}  // namespace sluice::app
