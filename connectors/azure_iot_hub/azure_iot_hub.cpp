#include "connectors/azure_iot_hub/azure_iot_hub.h"

#include <utility>

#include "connectors/azure_iot_hub/hub_downlink.h"
#include "connectors/azure_iot_hub/sas_token.h"
#include "connectors/azure_iot_hub/telemetry_topics.h"

namespace sluice::azure_iot_hub {

namespace {

constexpr std::string_view api_version = "2021-04-12";
/// 256 KB with the properties' values; the topic, which holds them, counts here as well.
constexpr std::size_t message_bytes_max = std::size_t{256} * 1024;
/// As Azure's own device libraries do.
constexpr double renewed_after = 0.8;
/// While somebody waits for a method's answer, which only this connection can bring.
constexpr double renewed_at_last = 0.9;

/// A token before the clock is right would be refused, or be good for years.
Result<cloud_mqtt::Login> token_login(const Options& options, const std::string& key, const Clock& clock) {
  if (!clock.synced())
    return unavailable("waiting for the clock: it is not synced yet, and a token for Azure needs the right time");
  // A token's expiry counts in whole seconds.
  const Timestamp now = clock.wall_time();
  const auto expiry = std::chrono::ceil<std::chrono::seconds>(now) + options.token_life;
  cloud_mqtt::Login login;
  login.username = user_name(options);
  login.password = sas_token(key, options.host + "/devices/" + options.device_id, expiry.time_since_epoch().count());
  login.renew_at = clock.now() + std::chrono::duration_cast<Duration>((expiry - now) * renewed_after);
  login.renew_by = clock.now() + std::chrono::duration_cast<Duration>((expiry - now) * renewed_at_last);
  return login;
}

}  // namespace

std::string user_name(const Options& options) {
  return options.host + "/" + options.device_id + "/?api-version=" + std::string(api_version);
}

Result<cloud_mqtt::Options> mqtt_options(const Options& options) {
  cloud_mqtt::Options made;
  made.name = options.name;
  made.gateway_id = options.gateway_id;
  made.address = {options.host, options.port, true};
  made.protocol = cloud_mqtt::Protocol::v3_1_1;
  made.client_id = options.device_id;
  made.username = user_name(options);
  made.tls = options.tls;
  made.keep_alive = options.keep_alive;
  made.topics = std::make_shared<TelemetryTopics>(options.device_id, options.format);
  made.format = options.format;
  made.pack_bytes_max = options.pack_bytes_max;
  made.window = options.window;
  made.message_bytes_max = message_bytes_max;
  if (options.downlink) made.downlink = hub_downlink(options.device_id, options.method_wait);
  if (options.key.empty()) return made;
  Result<std::string> key = device_key(options.key);
  if (!key) return key.error();
  made.login = [options, key = std::move(*key)](const Clock& clock) { return token_login(options, key, clock); };
  return made;
}

Result<std::unique_ptr<cloud_mqtt::MqttSink>> make(const Options& options, const Clock& clock, Log& log) {
  Result<cloud_mqtt::Options> made = mqtt_options(options);
  if (!made) return made.error();
  return cloud_mqtt::MqttSink::make(std::move(*made), clock, log);
}

}  // namespace sluice::azure_iot_hub
