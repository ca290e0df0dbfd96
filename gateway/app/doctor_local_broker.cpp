#include "connectors/local_broker/trial.h"
#include "connectors/transport/probe.h"
#include "gateway/app/doctor.h"

namespace sluice::app {

namespace {

constexpr std::chrono::seconds patience(15);

void examine_keeping(local_broker::Trial& trial, DoctorReport& report) {
  const auto kept = trial.keep_while_away();
  if (!kept)
    return report.hint("away", "not tried: " + kept.error().message +
                                   "; allow this client sluice/doctor/# to see what the broker keeps while the gateway "
                                   "is away");
  if (kept->qos0 < kept->qos0_sent)
    report.hint("away",
                "the broker keeps no QoS 0 message while the gateway is away, and most devices send nothing else: "
                "upgrade_outgoing_qos true (deploy/mosquitto/sluice.conf)");
  if (kept->qos1 < kept->qos1_sent)
    report.hint("away", "the broker keeps only " + std::to_string(kept->qos1) + " of " +
                            std::to_string(kept->qos1_sent) +
                            " messages while the gateway is away: max_queued_messages (deploy/mosquitto/sluice.conf)");
  if (kept->qos0 == kept->qos0_sent && kept->qos1 == kept->qos1_sent)
    report.ok("away", "the broker kept all of " + std::to_string(kept->qos0_sent + kept->qos1_sent) +
                          " messages while a client was away");
}

}  // namespace

bool examine_way(const std::string& host, int port, const TlsOptions* tls, const std::string& alpn,
                 DoctorReport& report) {
  std::shared_ptr<transport::TlsContext> context;
  if (tls != nullptr) {
    auto made = transport::TlsContext::make(*tls, host, alpn);
    if (!made) return report.fail("TLS files", made.error().message), false;
    context = std::move(*made);
  }
  bool all = true;
  for (const transport::ProbeStep& step :
       transport::probe(host, port, context.get(), {std::chrono::steady_clock::now() + patience, {}})) {
    if (step.ok)
      report.ok(step.name, step.words);
    else
      report.fail(step.name, step.words);
    all = all && step.ok;
  }
  return all;
}

void examine_local_broker(const Config& config, const std::optional<Word>& word, DoctorReport& report) {
  const local_broker::Options& options = config.local_broker;
  report.turn_to("local_broker");
  if (word && word->up) report.ok("gateway", "the running gateway says: " + word->text);
  if (word && !word->up) report.fail("gateway", "the running gateway says: " + word->text);
  if (!examine_way(options.address.host, options.address.port, options.address.tls ? &options.tls : nullptr, {},
                   report))
    return;
  local_broker::Trial trial(options);
  const auto version = trial.connect();
  if (!version) return report.fail("CONNECT", version.error().message);
  report.ok("CONNECT", "MQTT " + *version + (options.username.empty() ? "" : ", as '" + options.username + "'"));
  if (const auto subscribed = trial.subscribe(); !subscribed)
    return report.fail("SUBSCRIBE", subscribed.error().message);
  report.ok("SUBSCRIBE",
            std::to_string(options.filters.size()) + (options.filters.size() == 1 ? " filter" : " filters"));
  examine_keeping(trial, report);
}

}  // namespace sluice::app
