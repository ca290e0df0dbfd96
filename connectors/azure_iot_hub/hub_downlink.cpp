#include "connectors/azure_iot_hub/hub_downlink.h"

#include <utility>

#include "connectors/azure_iot_hub/hub_methods.h"
#include "connectors/azure_iot_hub/hub_twin.h"
#include "connectors/azure_iot_hub/property_bag.h"
#include "gateway/core/time_text.h"

namespace sluice::azure_iot_hub {

namespace {

constexpr std::string_view methods = "$iothub/methods/POST/";
constexpr std::string_view twin_answers = "$iothub/twin/res/";
constexpr std::string_view twin_changes = "$iothub/twin/PATCH/properties/desired/";

class HubDownlink final : public cloud_mqtt::Downlink {
 public:
  HubDownlink(const std::string& device_id, const Clock& clock, Duration method_wait)
      : clock_(clock),
        to_device_("devices/" + device_id + "/messages/devicebound/"),
        methods_(clock, method_wait),
        twin_(clock) {}

  std::vector<cloud_mqtt::Subscription> subscriptions() const override {
    const auto below = [](std::string_view topic, int qos) {
      return cloud_mqtt::Subscription{std::string(topic) + '#', qos};
    };
    return {below(to_device_, 1), below(methods, 0), below(twin_answers, 0), below(twin_changes, 0)};
  }
  bool keeps_without_session() const override { return true; }

  void connected() override {
    methods_.connected();
    twin_.connected();
  }

  Heard hear(const cloud_mqtt::Arrival& arrival) override {
    std::string_view rest = arrival.topic;
    const auto is_below = [&](std::string_view topic) {
      if (!rest.starts_with(topic)) return false;
      rest.remove_prefix(topic.size());
      return true;
    };
    if (is_below(to_device_)) return hear_message(rest, arrival);
    if (is_below(methods)) return methods_.hear(rest, arrival.payload);
    if (is_below(twin_answers)) return twin_.hear_response(rest, arrival.payload);
    if (is_below(twin_changes)) return twin_.hear_patch(rest);
    return {{}, {}, "a message on a topic that was not subscribed"};
  }

  void accepted(const CommandMessage& message, std::span<const CommandAnswer> answers) override {
    if (HubMethods::owns(message.reply_to)) methods_.accepted(message.reply_to, answers);
    if (HubTwin::owns(message.reply_to)) twin_.accepted(message);
  }

  std::optional<cloud_mqtt::Outgoing> refuse(const CommandMessage& message, const CommandAnswer& answer) override {
    if (!HubMethods::owns(message.reply_to)) return std::nullopt;
    std::variant<cloud_mqtt::Outgoing, Verdict> told = methods_.tell(message.reply_to, answer);
    if (auto* outgoing = std::get_if<cloud_mqtt::Outgoing>(&told)) return std::move(*outgoing);
    return std::nullopt;
  }

  std::variant<cloud_mqtt::Outgoing, Verdict> tell(const std::string& reply_to, const CommandAnswer& answer) override {
    if (HubMethods::owns(reply_to)) return methods_.tell(reply_to, answer);
    if (HubTwin::owns(reply_to)) return twin_.tell(reply_to, answer);
    return Verdict::reject("nobody waits for it there");
  }

  std::vector<cloud_mqtt::Outgoing> due() override {
    std::vector<cloud_mqtt::Outgoing> out;
    methods_.append_due(out);
    twin_.append_due(out);
    return out;
  }
  bool busy() const override { return methods_.busy(); }

 private:
  Heard hear_message(std::string_view bag, const cloud_mqtt::Arrival& arrival) const {
    Heard heard;
    CommandMessage& message = heard.command.emplace();
    message.form = CommandMessage::Form::command;
    message.text = cloud_mqtt::command_text(arrival.payload);
    message.age = arrival.age;
    message.retained = arrival.retained;
    const std::optional<std::string> text = property(bag, "$.exp");
    if (!text) return heard;
    const std::optional<Timestamp> expires_at = parse_rfc3339(*text);
    if (!expires_at) heard.remark = "the expiry of a cloud-to-device message cannot be read";
    if (expires_at && clock_.synced()) message.expires_in = *expires_at - clock_.wall_time();
    return heard;
  }

  const Clock& clock_;
  const std::string to_device_;
  HubMethods methods_;
  HubTwin twin_;
};

}  // namespace

cloud_mqtt::MakeDownlink hub_downlink(std::string device_id, Duration method_wait) {
  return [device_id = std::move(device_id), method_wait](const Clock& clock) {
    return std::make_unique<HubDownlink>(device_id, clock, method_wait);
  };
}

}  // namespace sluice::azure_iot_hub
