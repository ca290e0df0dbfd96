#include "connectors/azure_iot_hub/hub_methods.h"

#include <algorithm>
#include <random>
#include <utility>

#include "connectors/azure_iot_hub/property_bag.h"

namespace sluice::azure_iot_hub {

namespace {

constexpr std::size_t calls_max = 100;
constexpr std::size_t request_id_bytes_max = 128;
constexpr int on_its_way = 202;
constexpr int too_many = 429;

cloud_mqtt::Outgoing response(std::string_view request_id, int status, std::string body) {
  cloud_mqtt::Outgoing outgoing;
  outgoing.topic = "$iothub/methods/res/" + std::to_string(status) + "/?$rid=" + std::string(request_id);
  outgoing.payload = std::move(body);
  outgoing.qos = 0;
  return outgoing;
}

/// It is repeated in a topic.
bool is_request_id(std::string_view text) {
  const auto unfit = [](char c) { return c <= ' ' || c > '~' || c == '+' || c == '#'; };
  return !text.empty() && text.size() <= request_id_bytes_max && std::ranges::none_of(text, unfit);
}

}  // namespace

HubMethods::HubMethods(const Clock& clock, Duration wait) : clock_(clock), wait_(wait) {}

void HubMethods::connected() {
  calls_.clear();
  due_.clear();
  // Random, since a reply_to outlives the process, and the hub's request ids begin anew.
  std::random_device random;
  connection_ = "method " + std::to_string(random()) + std::to_string(random()) + ' ';
}

cloud_mqtt::Downlink::Heard HubMethods::hear(std::string_view rest, std::string_view body) {
  const std::size_t end = rest.find("/?");
  const std::string_view bag = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  const std::optional<std::string> request_id = raw_property(bag, "$rid");
  if (!request_id || !is_request_id(*request_id)) return {{}, {}, "a direct method without a request id"};
  if (calls_.size() >= calls_max) {
    due_.push_back(response(*request_id, too_many, R"({"outcome":"rejected","reason":"too many calls wait"})"));
    return {{}, {}, "more than 100 direct methods wait for their answers"};
  }
  calls_[*request_id] = {clock_.now() + wait_, R"({"outcome":"accepted"})"};
  CommandMessage message;
  message.form = CommandMessage::Form::method;
  message.name = rest.substr(0, end);
  message.text = cloud_mqtt::command_text(body);
  message.reply_to = connection_ + *request_id;
  return {std::move(message), {}, {}};
}

HubMethods::Calls::iterator HubMethods::find(std::string_view reply_to) {
  if (!reply_to.starts_with(connection_)) return calls_.end();
  return calls_.find(reply_to.substr(connection_.size()));
}

void HubMethods::accepted(const std::string& reply_to, std::span<const CommandAnswer> answers) {
  const auto call = find(reply_to);
  if (call == calls_.end() || answers.empty()) return;
  const CommandAnswer& known = answers.front();
  call->second.text = known.text;
  if (!known.ended) return;
  due_.push_back(response(call->first, known.status, known.text));
  calls_.erase(call);
}

std::variant<cloud_mqtt::Outgoing, Verdict> HubMethods::tell(const std::string& reply_to, const CommandAnswer& answer) {
  const auto call = find(reply_to);
  if (call == calls_.end() || !answer.ended) return Verdict::accept();
  cloud_mqtt::Outgoing outgoing = response(call->first, answer.status, answer.text);
  calls_.erase(call);
  return outgoing;
}

void HubMethods::append_due(std::vector<cloud_mqtt::Outgoing>& out) {
  for (cloud_mqtt::Outgoing& each : std::exchange(due_, {})) out.push_back(std::move(each));
  for (auto call = calls_.begin(); call != calls_.end();) {
    if (clock_.now() < call->second.until) {
      ++call;
      continue;
    }
    out.push_back(response(call->first, on_its_way, std::move(call->second.text)));
    call = calls_.erase(call);
  }
}

}  // namespace sluice::azure_iot_hub
