#include <array>
#include <charconv>

#include "gateway/api/picture.h"

namespace sluice::api {

namespace {

std::string decimal(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), error == std::errc() ? end : text.data()};
}

/// One metric: its HELP and TYPE, then its samples.
class Metric {
 public:
  Metric(std::string& out, std::string_view name, std::string_view type, std::string_view help)
      : out_(out), name_(name) {
    out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }

  /// `labels` as they stand in the braces: names and values that need no escaping (a cloud's name is a-z 0-9 _ -).
  void sample(std::string_view labels, std::string_view value, std::string_view suffix = {}) {
    out_.append(name_).append(suffix);
    if (!labels.empty()) out_.append("{").append(labels).append("}");
    out_.append(" ").append(value).append("\n");
  }
  void count(std::string_view labels, std::uint64_t value) { sample(labels, std::to_string(value)); }
  void gauge(std::string_view labels, std::int64_t value) { sample(labels, std::to_string(value)); }

  void bucket(std::string labels, double bound, std::uint64_t cumulative) {
    if (!labels.empty()) labels += ',';
    sample(labels + "le=\"" + decimal(bound) + "\"", std::to_string(cumulative), "_bucket");
  }
  void close_histogram(const std::string& labels, double sum, std::uint64_t count) {
    sample((labels.empty() ? "" : labels + ",") + "le=\"+Inf\"", std::to_string(count), "_bucket");
    sample(labels, decimal(sum), "_sum");
    sample(labels, std::to_string(count), "_count");
  }

 private:
  std::string& out_;
  std::string_view name_;
};

std::string of_cloud(const std::string& name) {
  return "cloud=\"" + name + "\"";
}

void append_messages(std::string& out, const store::Snapshot& store) {
  const store::MessageCounts& messages = store.messages;
  Metric received(out, "sluice_messages_received_total", "counter", "Messages from the local broker.");
  received.count("qos=\"0\"", messages.received_qos0);
  received.count("qos=\"1\"", messages.received_qos1);
  // Counters only rise: a message that was replayed stays what it was when it came.
  Metric fates(out, "sluice_messages_total", "counter", "Messages by what became of them when they came.");
  fates.count("fate=\"understood\"", messages.understood - store.replayed_understood);
  fates.count("fate=\"ignored\"", messages.ignored - store.replayed_ignored);
  fates.count("fate=\"quarantined\"", messages.quarantined + store.replayed_understood + store.replayed_ignored);
  fates.count("fate=\"redelivered\"", messages.redelivered);
  Metric(out, "sluice_records_stored_total", "counter", "Records stored.").count({}, store.stored);
  Metric quarantined(out, "sluice_messages_quarantined_total", "counter", "Messages set aside, by schema.");
  for (const auto& [schema, count] : store.quarantined_by_schema) quarantined.count("schema=\"" + schema + "\"", count);
  Metric replayed(out, "sluice_messages_replayed_total", "counter", "Messages replayed from quarantine, by new fate.");
  replayed.count("fate=\"understood\"", store.replayed_understood);
  replayed.count("fate=\"ignored\"", store.replayed_ignored);
}

void append_quarantine(std::string& out, const store::Snapshot& store) {
  Metric(out, "sluice_quarantine_records", "gauge", "Entries of quarantine.")
      .gauge({}, static_cast<std::int64_t>(store.quarantine_records));
  Metric(out, "sluice_quarantine_bytes", "gauge", "Bytes of quarantine.").gauge({}, store.quarantine_bytes);
  Metric dropped(out, "sluice_quarantine_dropped_total", "counter", "Entries let go, by its bounds or by hand.");
  dropped.count("by=\"bounds\"", store.quarantine_dropped);
  dropped.count("by=\"hand\"", store.quarantine_discarded);
}

using CloudCount = std::uint64_t store::CloudCounts::*;

void append_cloud_counter(std::string& out, const Picture& picture, std::string_view name, std::string_view help,
                          CloudCount count) {
  Metric metric(out, name, "counter", help);
  for (const auto& cloud : picture.store.clouds) metric.count(of_cloud(cloud.name), cloud.*count);
}

void append_backlog(std::string& out, const Picture& picture) {
  Metric records(out, "sluice_backlog_records", "gauge", "Records that wait for a cloud.");
  for (const auto& cloud : picture.store.clouds)
    records.gauge(of_cloud(cloud.name), static_cast<std::int64_t>(cloud.backlog_records));
  Metric(out, "sluice_backlog_bytes", "gauge", "Bytes of records in the outbox.").gauge({}, picture.store.outbox_bytes);
  Metric oldest(out, "sluice_backlog_oldest_seconds", "gauge", "Age of the oldest record that waits for a cloud.");
  for (const auto& cloud : picture.store.clouds) {
    const Duration age = cloud.oldest ? std::max(Duration(0), picture.taken_at - *cloud.oldest) : Duration(0);
    oldest.sample(of_cloud(cloud.name), decimal(std::chrono::duration<double>(age).count()));
  }
}

void append_histograms(std::string& out, const Picture& picture) {
  Metric commits(out, "sluice_commit_seconds", "histogram", "Time a commit to disk took.");
  for (const auto& [bound, count] : picture.commits.buckets) commits.bucket({}, bound, count);
  commits.close_histogram({}, picture.commits.sum, picture.commits.count);
  Metric delivery(out, "sluice_delivery_seconds", "histogram", "From acceptance to the cloud's confirmation.");
  for (const flow::CloudState& cloud : picture.clouds) {
    const Histogram& histogram = cloud.delivery_seconds;
    for (std::size_t i = 0; i < histogram.bounds().size(); ++i)
      delivery.bucket(of_cloud(cloud.name), histogram.bounds()[i], histogram.counts()[i]);
    delivery.close_histogram(of_cloud(cloud.name), histogram.sum(), histogram.count());
  }
}

void append_commands(std::string& out, const store::CommandCounts& counts) {
  Metric commands(out, "sluice_commands_total", "counter", "Commands by what became of them.");
  commands.count("outcome=\"sent\"", counts.sent);
  commands.count("outcome=\"succeeded\"", counts.succeeded);
  commands.count("outcome=\"failed\"", counts.failed);
  commands.count("outcome=\"expired\"", counts.expired);
  commands.count("outcome=\"rejected\"", counts.rejected);
  commands.count("outcome=\"unanswered\"", counts.unanswered);
}

}  // namespace

std::string metrics_text(const Picture& picture) {
  std::string out;
  append_messages(out, picture.store);
  append_cloud_counter(out, picture, "sluice_records_delivered_total", "Records a cloud has confirmed.",
                       &store::CloudCounts::delivered);
  // Counters only rise: refusals that were replayed have been all the same.
  Metric rejected(out, "sluice_records_rejected_total", "counter", "Refusals by a cloud for good.");
  for (const auto& cloud : picture.store.clouds) rejected.count(of_cloud(cloud.name), cloud.rejected + cloud.replayed);
  append_cloud_counter(out, picture, "sluice_records_replayed_total", "Of those, records put into its backlog again.",
                       &store::CloudCounts::replayed);
  append_cloud_counter(out, picture, "sluice_records_skipped_total", "Records a cloud does not want.",
                       &store::CloudCounts::skipped);
  Metric dropped(out, "sluice_records_dropped_total", "counter",
                 "Records let go by the buffer's limits, or lost by damage.");
  for (const auto& cloud : picture.store.clouds) {
    dropped.count(of_cloud(cloud.name) + ",reason=\"size\"", cloud.dropped_size);
    dropped.count(of_cloud(cloud.name) + ",reason=\"age\"", cloud.dropped_age);
    dropped.count(of_cloud(cloud.name) + ",reason=\"damage\"", cloud.dropped_damage);
  }
  append_backlog(out, picture);
  append_quarantine(out, picture.store);
  append_histograms(out, picture);
  append_commands(out, picture.store.commands);
  Metric up(out, "sluice_cloud_up", "gauge", "Whether a cloud's last answer was good.");
  for (const flow::CloudState& cloud : picture.clouds)
    up.gauge(of_cloud(cloud.name), cloud.health == flow::CloudState::Health::up ? 1 : 0);
  Metric(out, "sluice_local_broker_up", "gauge", "Whether the local broker is connected.")
      .gauge({}, picture.broker.connected ? 1 : 0);
  Metric(out, "sluice_build_info", "gauge", "The program's version.").gauge("version=\"" + picture.version + "\"", 1);
  return out;
}

}  // namespace sluice::api
