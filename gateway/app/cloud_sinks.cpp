#include "gateway/app/cloud_sinks.h"

#include "gateway/app/version.h"

namespace sluice::app {

namespace {

/// The store's pages for a cloud that takes one record a message: enough for some windows of unacknowledged ones.
constexpr std::int64_t page_bytes_max = std::int64_t{1} << 20;

template <class Sink>
Result<CloudEnds> ends_of(Result<std::unique_ptr<Sink>> made) {
  if (!made) return made.error();
  CloudEnds ends;
  ends.source = made->get();
  ends.sink = std::move(*made);
  return ends;
}

struct Make {
  const Clock& clock;
  Log& log;

  Result<CloudEnds> operator()(webhook::Options options) const {
    options.user_agent = "sluice/" + std::string(version_text);
    return ends_of(webhook::WebhookSink::make(std::move(options), clock, log));
  }
  Result<CloudEnds> operator()(cloud_mqtt::Options options) const {
    return ends_of(cloud_mqtt::MqttSink::make(std::move(options), clock, log));
  }
  Result<CloudEnds> operator()(const azure_iot_hub::Options& options) const {
    return ends_of(azure_iot_hub::make(options, clock, log));
  }
};

std::int64_t bytes_of_page(const Cloud& cloud) {
  const auto* webhook = std::get_if<webhook::Options>(&cloud.options);
  return webhook != nullptr ? static_cast<std::int64_t>(webhook->batch_bytes_max) : page_bytes_max;
}

std::int64_t pack_bytes(const Cloud& cloud) {
  if (const auto* mqtt = std::get_if<cloud_mqtt::Options>(&cloud.options))
    return static_cast<std::int64_t>(mqtt->pack_bytes_max);
  if (const auto* azure = std::get_if<azure_iot_hub::Options>(&cloud.options))
    return static_cast<std::int64_t>(azure->pack_bytes_max);
  return bytes_of_page(cloud);
}

}  // namespace

Result<CloudEnds> make_ends(const Cloud& cloud, const Clock& clock, Log& log) {
  Result<CloudEnds> ends = std::visit(Make{clock, log}, cloud.options);
  if (ends && !cloud.downlink) ends->source = nullptr;
  return ends;
}

Cloud without_downlink(Cloud cloud) {
  cloud.downlink = false;
  if (auto* webhook = std::get_if<webhook::Options>(&cloud.options)) webhook->downlink.reset();
  if (auto* mqtt = std::get_if<cloud_mqtt::Options>(&cloud.options)) mqtt->downlink = nullptr;
  if (auto* azure = std::get_if<azure_iot_hub::Options>(&cloud.options)) azure->downlink = false;
  return cloud;
}

flow::Delivery::Options delivery_options(const Cloud& cloud) {
  flow::Delivery::Options options;
  options.cloud = cloud.name;
  options.type = cloud.type;
  options.only = cloud.only;
  options.thin = cloud.thin;
  options.count_max = cloud.batch_count_max;
  options.bytes_max = bytes_of_page(cloud);
  options.wait_max = cloud.batch_wait_max;
  options.full_bytes = pack_bytes(cloud);
  return options;
}

}  // namespace sluice::app
