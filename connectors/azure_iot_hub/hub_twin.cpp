#include "connectors/azure_iot_hub/hub_twin.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "connectors/azure_iot_hub/json_member.h"
#include "connectors/azure_iot_hub/property_bag.h"
#include "connectors/azure_iot_hub/property_name.h"
#include "gateway/core/json_text.h"

namespace sluice::azure_iot_hub {

namespace {

using Heard = cloud_mqtt::Downlink::Heard;

constexpr Duration ask_again(30'000);
constexpr Duration stale_wait(1000);  // after an answer older than a change that was known before the question
/// A property's text may have 4 KB, all reported ones together 32 KB.
constexpr std::size_t reason_bytes_max = 512;
constexpr int ok = 200;
constexpr int too_many = 429;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool passes(int status) {
  return status == too_many || status >= 500;
}

void append_name(std::string& out, std::string_view name) {
  append_json_string(out, property_name(name));
  out += ':';
}

std::string outcome(const CommandAnswer& answer, std::string_view version) {
  std::string out = R"({"id":)";
  append_json_string(out, answer.id);
  out += R"(,"outcome":)";
  append_json_string(out, name_of(answer.state));
  const std::string reason = json_text_member(answer.text, "reason").substr(0, reason_bytes_max);
  out += R"(,"reason":)";
  if (reason.empty())
    out += "null";  // takes that of an earlier outcome away
  else
    append_json_string(out, reason);
  return out + R"(,"version":)" + std::string(version) + '}';
}

}  // namespace

void HubTwin::connected() {
  wanted_ = true;
  ask_at_ = {};
  asked_.clear();
  reported_.clear();
  patched_ = 0;
}

std::string HubTwin::next_request_id() {
  return std::to_string(++requests_);
}

void HubTwin::append_due(std::vector<cloud_mqtt::Outgoing>& out) {
  const Instant now = clock_.now();
  if (!wanted_ || now < ask_at_) return;
  asked_ = next_request_id();
  ask_at_ = now + ask_again;
  patched_before_ = patched_;
  cloud_mqtt::Outgoing outgoing;
  outgoing.topic = "$iothub/twin/GET/?$rid=" + asked_;
  outgoing.qos = 0;
  out.push_back(std::move(outgoing));
}

Heard HubTwin::hear_response(std::string_view rest, std::string_view body) {
  const std::size_t slash = rest.find('/');
  const std::optional<std::uint64_t> status = number(rest.substr(0, slash));
  if (!status || slash == std::string_view::npos) return {{}, {}, "an answer about the twin without a status"};
  const std::optional<std::string> request_id = raw_property(rest.substr(slash + 1), "$rid");
  if (!request_id || request_id->empty()) return {};
  const int code = static_cast<int>(std::min<std::uint64_t>(*status, 999));
  if (*request_id == reported_) {
    reported_.clear();
    const std::string words = "the hub answered " + std::to_string(code) + " to the reported properties";
    if (code < 300) return {{}, Verdict::accept(), {}};
    return {{}, passes(code) ? Verdict::defer(words) : Verdict::reject(words), {}};
  }
  if (*request_id != asked_ || !wanted_) return {};
  if (code == ok) return hear_twin(body);
  wanted_ = passes(code);
  return {{}, {}, "the hub answered " + std::to_string(code) + " to the question for the twin"};
}

Heard HubTwin::hear_twin(std::string_view body) {
  wanted_ = false;
  const std::optional<std::string_view> desired = json_member(body, "desired");
  const std::optional<std::string_view> text = desired ? json_member(*desired, "$version") : std::nullopt;
  const std::optional<std::uint64_t> version = text ? number(*text) : std::nullopt;
  if (!version) return {{}, {}, "the twin has no desired properties with a $version"};
  if (patched_ > *version) {
    wanted_ = true;
    ask_at_ = clock_.now() + (patched_ > patched_before_ ? Duration(0) : stale_wait);
  }
  if (handed_on_ && *version <= *handed_on_) return {};
  CommandMessage message;
  message.form = CommandMessage::Form::settings;
  message.text = cloud_mqtt::command_text(settings_text(*desired));
  message.id = std::to_string(*version);
  message.reply_to = "twin " + message.id;
  return {std::move(message), {}, {}};
}

Heard HubTwin::hear_patch(std::string_view rest) {
  const std::optional<std::string> text = raw_property(rest, "$version");
  const std::optional<std::uint64_t> version = text ? number(*text) : std::nullopt;
  if (!version) return {{}, {}, "a change of the twin without its version"};
  if (handed_on_ && *version <= *handed_on_) return {};
  patched_ = std::max(patched_, *version);
  if (!wanted_) ask_at_ = clock_.now();
  wanted_ = true;
  return {};
}

void HubTwin::accepted(const CommandMessage& message) {
  handed_on_ = std::max(handed_on_.value_or(0), number(message.id).value_or(0));
}

std::variant<cloud_mqtt::Outgoing, Verdict> HubTwin::tell(const std::string& reply_to, const CommandAnswer& answer) {
  const std::string version = reply_to.substr(reply_to.find(' ') + 1);
  if (!number(version)) return Verdict::reject("it names no version of the twin");
  const std::string device = json_text_member(answer.text, "device");
  const std::string command = json_text_member(answer.text, "command");
  reported_ = next_request_id();
  cloud_mqtt::Outgoing outgoing;
  outgoing.topic = "$iothub/twin/PATCH/properties/reported/?$rid=" + reported_;
  outgoing.qos = 0;
  outgoing.awaits_arrival = true;
  std::string& out = outgoing.payload = R"({"sluice":{)";
  if (device.empty() || command.empty()) {
    append_name(out, "refused");
    out += outcome(answer, version) + "}}";
    return outgoing;
  }
  append_name(out, device);
  out += '{';
  append_name(out, command);
  out += outcome(answer, version) + "}}}";
  return outgoing;
}

}  // namespace sluice::azure_iot_hub
