#include <algorithm>
#include <variant>

#include "connectors/azure_iot_hub/hub_downlink.h"
#include "connectors/azure_iot_hub/json_member.h"
#include "connectors/azure_iot_hub/property_bag.h"
#include "connectors/azure_iot_hub/property_name.h"
#include "gateway/core/json_text.h"
#include "gateway/core/percent.h"
#include "tests/fuzz/json_check.h"
#include "tests/fuzz/target.h"
#include "tests/stage/fake_clock.h"

namespace sluice::fuzz {
namespace {

using namespace azure_iot_hub;
using cloud_mqtt::Downlink;
using cloud_mqtt::Outgoing;

constexpr std::size_t arrivals_max = 300;
constexpr std::size_t calls_max = 100;

void check_names(std::string_view text) {
  require(percent_decoded(percent_encoded(text)) == text, "what is encoded can be decoded", text);
  const std::string name = property_name(text);
  require(percent_decoded(name) == text, "so can a property's name", name);
  require(name.find_first_of(".$ ") == std::string::npos, "which a twin can have", name);
  require(is_utf8(name) || !is_utf8(text), "and is text", name);
  (void)property(text, "$.exp");
}

/// Sound JSON means the same to whoever reads it.
void check_members(std::string_view text) {
  const auto ours = json_members(text);
  auto theirs = members_of(text);
  if (!theirs) return;
  try {
    require_clean_object(text.substr(text.find('{')), "", 64);
  } catch (const std::exception&) {
    return;  // too deep for us, or with twins, of which each may take another
  }
  require(ours.has_value() && ours->size() == theirs->size(), "a JSON object has its members", text);
  for (const JsonMember& member : *ours) {
    const auto same =
        std::find_if(theirs->begin(), theirs->end(), [&](const auto& one) { return one.first == member.name; });
    require(same != theirs->end() && rewritten(member.value) == same->second, "each with its value", text);
  }
  require(is_json(settings_text(text)), "settings stay JSON", text);
}

void check_outgoing(const Outgoing& outgoing) {
  const auto unfit = [](unsigned char c) { return c == '+' || c == '#' || c < 0x20 || c == 0x7f; };
  require(outgoing.topic.starts_with("$iothub/") && outgoing.topic.size() < 300, "answers go to the hub",
          outgoing.topic);
  require(std::none_of(outgoing.topic.begin(), outgoing.topic.end(), unfit), "on a topic", outgoing.topic);
  require(outgoing.payload.empty() || is_json_object(outgoing.payload), "as JSON", outgoing.payload);
}

/// Answers as the gateway would: every command heard is durable, and ends somehow.
class Hub {
 public:
  void hear(std::string_view topic, std::string_view payload) {
    const Downlink::Heard heard = downlink_->hear({topic, payload, 1, false, Duration(0)});
    require(is_utf8(heard.remark), "remarks are text", heard.remark);
    if (!heard.command) return;
    require(heard.command->text.size() <= command_bytes_max + 1, "a command's text is bounded");
    if (take_turn() == 0) {
      if (const auto refusal = downlink_->refuse(*heard.command, answer())) check_outgoing(*refusal);
      return;
    }
    const CommandAnswer known = answer();
    downlink_->accepted(*heard.command, {&known, 1});
    if (heard.command->reply_to.empty() || take_turn() == 0) return;
    const auto told = downlink_->tell(heard.command->reply_to, answer());
    if (const auto* outgoing = std::get_if<Outgoing>(&told)) check_outgoing(*outgoing);
  }
  void turn() {
    clock_.advance(std::chrono::seconds(1));
    const std::vector<Outgoing> due = downlink_->due();
    require(due.size() <= calls_max + arrivals_max, "what is due is bounded");
    for (const Outgoing& outgoing : due) check_outgoing(outgoing);
  }
  void connected() { downlink_->connected(); }

 private:
  int take_turn() { return turns_++ % 3; }
  CommandAnswer answer() {
    CommandAnswer answer = refused_command({"7", "t/d.1", "power $"}, 400, "no\n\"such\"");
    answer.ended = take_turn() != 1;
    return answer;
  }

  int turns_ = 0;
  stage::FakeClock clock_;
  std::unique_ptr<Downlink> downlink_ = hub_downlink("home-pi", std::chrono::seconds(25))(clock_);
};

/// Arrivals: a topic, a line end and a payload each, with a byte 0x1e between two. An empty topic is a new connection.
void run(std::string_view input) {
  Hub hub;
  hub.connected();
  for (std::size_t i = 0; i < arrivals_max && !input.empty(); ++i) {
    std::string_view payload = take_until(input, "\x1e");
    const std::string_view topic = take_until(payload, "\n");
    check_names(topic);
    check_members(payload);
    topic.empty() ? hub.connected() : hub.hear(topic, payload);
    hub.turn();
  }
}

const Target target("azure", run);

}  // namespace
}  // namespace sluice::fuzz
