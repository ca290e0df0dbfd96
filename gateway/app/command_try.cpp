#include <fstream>
#include <iostream>
#include <iterator>

#include "gateway/app/commands.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/schemas_in_use.h"
#include "gateway/core/cloud_event.h"
#include "gateway/normalize/explanation.h"
#include "gateway/normalize/normalizer.h"

namespace sluice::app {

namespace {

std::string read_all(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string payload_of(const TryOptions& options) {
  if (options.payload) return *options.payload;
  if (!options.file) return read_all(std::cin);
  std::ifstream in(*options.file, std::ios::binary);
  return read_all(in);
}

}  // namespace

int try_message(const TryOptions& options) {
  const auto use = schemas_in_use(options.config_file);
  if (!use) return exit_config;
  if (options.topic.empty() || options.topic.size() > 65535 || options.topic.find_first_of("+#") != std::string::npos) {
    std::cerr << "sluice: --topic: a topic has 1 to 65535 bytes and no '+' or '#'\n";
    return exit_usage;
  }
  const SystemClock clock;
  RecordIds ids(clock);
  Message message;
  message.topic = options.topic;
  message.payload = payload_of(options);
  message.payload_size = message.payload.size();
  message.retained = options.retained;
  message.received_at = clock.wall_time();

  normalize::Normalizer normalizer(use->library, {use->unmatched, use->timezone});
  std::vector<Record> records;
  normalize::Trace trace;
  const normalize::Fate fate = normalizer.normalize(message, records, &trace);
  for (Record& record : records) {
    record.id = ids.next();
    std::string line;
    append_cloud_event(line, record, "/sluice/" + use->gateway_id);
    std::cout << line << "\n";
  }
  std::cout << std::flush;  // the event stands before its explanation
  if (!options.quiet) std::cerr << normalize::explain(*use->library, message.topic, trace, fate);
  return fate.kind == normalize::Fate::Kind::quarantined ? exit_data : exit_ok;
}

}  // namespace sluice::app
