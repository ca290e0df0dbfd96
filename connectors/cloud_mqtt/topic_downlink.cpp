#include "connectors/cloud_mqtt/topic_downlink.h"

#include <algorithm>
#include <utility>

#include "connectors/transport/base64.h"

namespace sluice::cloud_mqtt {

namespace {

constexpr std::size_t topic_bytes_max = 1024;
constexpr std::size_t correlation_bytes_max = 1024;
constexpr std::ptrdiff_t topic_levels_max =
    32;  // a broker ends the connection of one who publishes beyond its own bound

/// Why nothing can be published there; empty if it can.
std::string fault_of(std::string_view topic) {
  if (topic.empty()) return "it is empty";
  if (topic.size() > topic_bytes_max) return "it is longer than 1024 bytes";
  if (std::ranges::count(topic, '/') >= topic_levels_max) return "it has more than 32 levels";
  if (topic.find_first_of("+#") != std::string_view::npos) return "it holds a wildcard";
  if (topic.find('\0') != std::string_view::npos) return "it holds NUL";
  if (topic.front() == '$') return "topics that begin with $ belong to the broker";
  return {};
}

class TopicDownlink final : public Downlink {
 public:
  explicit TopicDownlink(std::string topic) : topic_(std::move(topic)) {}

  std::vector<Subscription> subscriptions() const override { return {{topic_, 1}}; }

  Heard hear(const Arrival& arrival) override {
    if (arrival.topic != topic_) return {{}, {}, "a message on a topic that was not subscribed"};
    Heard heard;
    CommandMessage& message = heard.command.emplace();
    message.form = CommandMessage::Form::command;
    message.text = command_text(arrival.payload);
    message.expires_in = arrival.expires_in;
    message.age = arrival.age;
    message.retained = arrival.retained;
    if (arrival.response_topic.empty()) return heard;
    heard.remark = fault_of_response(arrival);
    if (heard.remark.empty())
      message.reply_to = transport::base64(arrival.correlation) + ' ' + arrival.response_topic;
    else
      heard.remark = "a command's response topic is not used: " + heard.remark;
    return heard;
  }

  std::optional<Outgoing> refuse(const CommandMessage& message, const CommandAnswer& answer) override {
    std::variant<Outgoing, Verdict> told = tell(message.reply_to, answer);
    if (auto* outgoing = std::get_if<Outgoing>(&told)) return std::move(*outgoing);
    return std::nullopt;
  }

  std::variant<Outgoing, Verdict> tell(const std::string& reply_to, const CommandAnswer& answer) override {
    const std::size_t space = reply_to.find(' ');
    if (space == std::string::npos) return Verdict::reject("it names no response topic");
    std::optional<std::string> correlation = transport::from_base64(reply_to.substr(0, space));
    if (!correlation) return Verdict::reject("its correlation data cannot be read");
    return Outgoing{reply_to.substr(space + 1), answer.text, 1, std::move(*correlation), "application/json", false};
  }

 private:
  std::string fault_of_response(const Arrival& arrival) const {
    // An answer there would come back as a command.
    if (arrival.response_topic == topic_) return "it is the command topic";
    if (arrival.correlation.size() > correlation_bytes_max) return "more than 1024 bytes of correlation data";
    return fault_of(arrival.response_topic);
  }

  const std::string topic_;
};

}  // namespace

Result<> check_command_topic(std::string_view topic) {
  const std::string fault = fault_of(topic);
  if (fault.empty()) return {};
  return config_error("'" + std::string(topic) + "' cannot be a topic for commands: " + fault);
}

MakeDownlink topic_downlink(std::string topic) {
  return [topic = std::move(topic)](const Clock&) { return std::make_unique<TopicDownlink>(topic); };
}

}  // namespace sluice::cloud_mqtt
