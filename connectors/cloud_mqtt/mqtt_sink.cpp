#include "connectors/cloud_mqtt/mqtt_sink.h"

#include "connectors/cloud_mqtt/keeper.h"

namespace sluice::cloud_mqtt {

struct MqttSink::State {
  State(Options chosen, const Clock& clock, Log& log) : options(std::move(chosen)), keeper(options, clock, log) {}

  const Options options;
  Keeper keeper;
};

Result<std::unique_ptr<MqttSink>> MqttSink::make(Options options, const Clock& clock, Log& log) {
  if (options.tls.cert_file.empty() != options.tls.key_file.empty())
    return config_error("tls.cert_file and tls.key_file go together");
  return std::unique_ptr<MqttSink>(new MqttSink(std::make_unique<State>(std::move(options), clock, log)));
}

MqttSink::MqttSink(std::unique_ptr<State> state) : state_(std::move(state)) {}
MqttSink::~MqttSink() = default;

std::vector<Verdict> MqttSink::deliver(std::span<const Record> records, std::stop_token stop) {
  Job job(records);
  state_->keeper.jobs().give(job, stop);
  return job.take_verdicts();
}

void MqttSink::keep(std::stop_token stop) {
  state_->keeper.run(stop);
}

std::optional<Link> MqttSink::link() const {
  return state_->keeper.link();
}

bool MqttSink::has_downlink() const {
  return static_cast<bool>(state_->options.downlink);
}

void MqttSink::open(CommandAcceptor& acceptor) {
  state_->keeper.open(acceptor);
}

Verdict MqttSink::answer(const std::string& reply_to, const CommandAnswer& answer, std::stop_token stop) {
  if (!has_downlink()) return Verdict::reject("this cloud brings no commands");
  Telling telling{reply_to, answer};
  state_->keeper.tellings().give(telling, stop);
  return telling.verdict;
}

}  // namespace sluice::cloud_mqtt
