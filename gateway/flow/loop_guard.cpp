#include "gateway/flow/loop_guard.h"

#include <algorithm>

#include "gateway/core/json_text.h"

namespace sluice::flow {

namespace {

using namespace std::string_view_literals;

bool take(std::string_view& text, std::string_view beginning) {
  if (!text.starts_with(beginning)) return false;
  text.remove_prefix(beginning.size());
  return true;
}

/// As append_cloud_event writes it, alone or as the first of an array.
bool is_event(std::string_view text) {
  take(text, "["sv);
  return take(text, R"({"specversion":"1.0","id":)"sv) && take_json_string(text) &&
         take(text, R"(,"source":"/sluice/)"sv);
}

/// As the normaliser, and the gateway for its own notices, begin an event's data.
bool is_data(std::string_view text) {
  if (!take(text, R"({"device":)"sv) || !take_json_string(text)) return false;
  if (!take(text, R"(,"schema":)"sv) || !take_json_string(text)) return false;
  if (text.starts_with(R"(,"notice":)"sv)) return true;
  return take(text, R"(,"topic":)"sv) && take_json_string(text) && text.starts_with(R"(,"received_at":")"sv);
}

/// Whether `levels` stand in `topic` as whole levels.
bool lies_under(std::string_view topic, std::string_view levels) {
  for (std::size_t at = topic.find(levels); at != std::string_view::npos; at = topic.find(levels, at + 1)) {
    const std::size_t end = at + levels.size();
    if ((at == 0 || topic[at - 1] == '/') && (end == topic.size() || topic[end] == '/')) return true;
  }
  return false;
}

}  // namespace

bool LoopGuard::own(const Message& message) const {
  if (message.from_gateway || is_event(message.payload) || is_data(message.payload)) return true;
  return std::any_of(own_topics_.begin(), own_topics_.end(),
                     [&](const std::string& levels) { return lies_under(message.topic, levels); });
}

}  // namespace sluice::flow
