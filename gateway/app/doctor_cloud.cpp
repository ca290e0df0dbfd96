#include <chrono>
#include <thread>

#include "gateway/app/cloud_sinks.h"
#include "gateway/app/doctor.h"
#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"

namespace sluice::app {

namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds patience(20);
constexpr seconds watched(4);  ///< whether another client takes the client id over

/// The one event that is sent, recognisable as what it is.
Record test_event(const Config& config, const Clock& clock) {
  RecordIds ids(clock);
  Record record;
  record.id = ids.next();
  record.kind = RecordKind::notice;
  record.device = "sluice/" + config.gateway_id;
  record.schema = "sluice/notice";
  record.time = clock.wall_time();
  std::string at;
  append_rfc3339(at, record.time);
  record.data = R"({"device":")" + record.device +
                R"(","schema":"sluice/notice","topic":"sluice/doctor","received_at":")" + at +
                R"(","notice":"doctor","text":"sluice doctor tries this connection","at":")" + at + "\"}";
  record.payload = "sluice doctor tries this connection";
  return record;
}

struct Way {
  std::string host;
  int port = 0;
  const TlsOptions* tls = nullptr;
  std::string alpn;
};

struct WayOf {
  Way operator()(const webhook::Options& options) const {
    return {options.url.host, options.url.port, options.url.tls ? &options.tls : nullptr, "http/1.1"};
  }
  Way operator()(const cloud_mqtt::Options& options) const {
    return {options.address.host, options.address.port, options.address.tls ? &options.tls : nullptr, options.alpn};
  }
  Way operator()(const azure_iot_hub::Options& options) const { return {options.host, options.port, &options.tls, {}}; }
};

/// Waits for a standing connection. Its words if there is none in time.
std::optional<std::string> wait_until_up(const UplinkSink& sink) {
  const auto deadline = steady_clock::now() + patience;
  while (steady_clock::now() < deadline) {
    const std::optional<Link> link = sink.link();
    if (!link || link->health == Link::Health::up) return std::nullopt;
    if (!link->why.empty()) return link->why;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return "no answer within " + std::to_string(patience.count()) + " s";
}

Verdict deliver(UplinkSink& sink, const Record& record) {
  std::stop_source stop;
  std::jthread timer([&stop](const std::stop_token& over) {
    const auto deadline = steady_clock::now() + patience;
    while (!over.stop_requested() && steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stop.request_stop();
  });
  const std::vector<Verdict> verdicts = sink.deliver({&record, 1}, stop.get_token());
  return verdicts.empty()
             ? Verdict::defer("connected, but not acknowledged within " + std::to_string(patience.count()) + " s")
             : verdicts.front();
}

std::optional<std::string> watch(const UplinkSink& sink) {
  const auto deadline = steady_clock::now() + watched;
  while (steady_clock::now() < deadline) {
    const std::optional<Link> link = sink.link();
    if (link && link->health != Link::Health::up) return link->why;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return std::nullopt;
}

void examine_sink(const Config& config, UplinkSink& sink, bool alone, const Clock& clock, DoctorReport& report) {
  const bool standing = sink.link().has_value();
  std::jthread keeper([&sink](const std::stop_token& stop) { sink.keep(stop); });
  if (standing) {
    if (const auto why = wait_until_up(sink)) return report.fail("CONNECT", *why);
    report.ok("CONNECT", "logged in");
  }
  const Verdict verdict = deliver(sink, test_event(config, clock));
  const std::string step = standing ? "PUBLISH" : "POST";
  if (verdict.outcome == Outcome::accepted)
    report.ok(step, "one event of kind notice was accepted");
  else
    report.fail(step, verdict.reason);
  if (!standing || !alone) return;
  if (const auto why = watch(sink))
    report.fail("client id",
                *why + ", with nothing sent: does another client use the same client id? Give each its own");
  else
    report.ok("client id", "nobody else uses it");
}

}  // namespace

void examine_cloud(const Config& config, const Cloud& cloud, const std::optional<Word>& word, const Clock& clock,
                   Log& log, DoctorReport& report) {
  report.turn_to(cloud.name);
  if (word && word->up) report.ok("gateway", "the running gateway says: " + word->text);
  if (word && !word->up) report.fail("gateway", "the running gateway says: " + word->text);
  const Way way = std::visit(WayOf{}, cloud.options);
  if (!examine_way(way.host, way.port, way.tls, way.alpn, report)) return;
  // Commands that wait for the gateway must not come to a passing guest, nor its session end by him.
  Cloud own = without_downlink(cloud);
  if (word && std::holds_alternative<azure_iot_hub::Options>(own.options))
    return report.not_tried("CONNECT", "a device has one connection to its hub, and the running gateway holds it");
  if (auto* mqtt = std::get_if<cloud_mqtt::Options>(&own.options); mqtt != nullptr && (word || cloud.downlink))
    mqtt->client_id += "-doctor";
  const auto ends = make_ends(own, clock, log);
  if (!ends) return report.fail("settings", ends.error().message);
  examine_sink(config, *ends->sink, !word, clock, report);
}

}  // namespace sluice::app
