#include "gateway/normalize/expectation.h"

#include <algorithm>

#include "gateway/normalize/event_text.h"
#include "gateway/normalize/number_text.h"
#include "gateway/normalize/payload_template.h"

namespace sluice::normalize {

namespace {

using Node = JsonTape::Node;

/// The name of a reading, with what parameters bring written as in events. Nothing where one was left out.
std::optional<std::string> reading_name(const std::string& text, const ParamValues& values) {
  ParamValues written;
  for (const std::string_view name : placeholders_of(text)) {
    const ParamValue* value = values.find(name);
    if (value == nullptr) return std::nullopt;
    std::string as_name;
    append_as_name(as_name, value->text);
    written.add(std::string(name), param_text(as_name));
  }
  return filled_in(text, written);
}

/// What the reading must be; nothing where anything will do.
std::optional<ParamValue> wanted_value(const CommandSchema::Wanted& wanted, const ParamValues& values) {
  if (wanted.param.empty()) return param_value(wanted.value);
  const ParamValue* value = values.find(wanted.param);
  if (value == nullptr || wanted.map.empty()) return value != nullptr ? std::optional(*value) : std::nullopt;
  for (const auto& [from, to] : wanted.map)
    if (from == value->text) return param_value(to);
  return std::nullopt;
}

/// The members of a JSON object as readings: {"color":{"x":1}} is color.x.
std::vector<std::pair<std::string, ParamValue>> members_of(const std::string& object) {
  std::vector<std::pair<std::string, ParamValue>> members;
  JsonTape tape;
  if (tape.read(object) || tape.nodes()[0].kind != Node::Kind::object) return members;
  const std::vector<Node>& nodes = tape.nodes();
  for (std::uint32_t i = 1; i < nodes[0].next; i = nodes[i].next) {
    if (nodes[i].replaced) continue;
    std::string name;
    append_as_name(name, nodes[i].key);
    if (!nodes[i].is_container()) members.emplace_back(name, param_value(tape, i));
    if (nodes[i].kind != Node::Kind::object) continue;
    for (std::uint32_t k = i + 1; k < nodes[i].next; k = nodes[k].next) {
      std::string below = name + ".";
      append_as_name(below, nodes[k].key);
      if (!nodes[k].is_container() && !nodes[k].replaced) members.emplace_back(below, param_value(tape, k));
    }
  }
  return members;
}

}  // namespace

/// The readings of a record.
class Expectation::Readings {
 public:
  explicit Readings(const std::string& data) {
    if (tape_.read(data) || tape_.nodes()[0].kind != Node::Kind::object) return;
    const std::uint32_t at = find(0, "readings");
    if (at != Binding::nowhere && tape_.nodes()[at].kind == Node::Kind::object) root_ = at;
  }

  std::string json() const {
    std::string out;
    if (root_ == Binding::nowhere) return "{}";
    tape_.append_json(out, root_);
    return out;
  }

  /// The value of a reading; null if there is none.
  const Node* value(std::string_view name) const {
    const std::uint32_t reading = root_ == Binding::nowhere ? root_ : find(root_, name);
    if (reading == Binding::nowhere || tape_.nodes()[reading].kind != Node::Kind::object) return nullptr;
    const std::uint32_t value = find(reading, "value");
    return value == Binding::nowhere ? nullptr : &tape_.nodes()[value];
  }

  /// Whether a reading's name begins like this: color.x of color.
  bool any_below(std::string_view name) const {
    if (root_ == Binding::nowhere) return false;
    const std::string prefix = std::string(name) + ".";
    for (std::uint32_t i = root_ + 1; i < tape_.nodes()[root_].next; i = tape_.nodes()[i].next)
      if (tape_.nodes()[i].key.starts_with(prefix)) return true;
    return false;
  }

 private:
  std::uint32_t find(std::uint32_t holder, std::string_view key) const {
    return tape_.find(holder, key, key_hash(key));
  }

  JsonTape tape_;
  std::uint32_t root_ = Binding::nowhere;
};

std::optional<Expectation::Way> Expectation::way_of(const CommandSchema::Reply& reply, const ParamValues& values) {
  if (!all_hold(reply.where, values)) return std::nullopt;
  Way way;
  for (const Text& message : reply.messages) way.messages.push_back(message.text);
  way.succeeds = !reply.failed || !reply.has.text.empty() || reply.is.has_value();
  if (!reply.has.text.empty()) {
    const std::optional<std::string> name = reading_name(reply.has.text, values);
    if (!name) return std::nullopt;
    way.wanted = Wanted{*name, reply.is ? wanted_value(*reply.is, values) : std::nullopt};
  } else if (reply.is) {
    const ParamValue* object = values.find(reply.is->param);
    if (object != nullptr)
      for (auto& [name, value] : members_of(object->json)) way.members.push_back({name, std::move(value)});
    if (way.members.empty()) return std::nullopt;
  }
  if (reply.failed) {
    const std::optional<std::string> name = reading_name(reply.failed->has.text, values);
    if (!name) return std::nullopt;
    way.refused = Refused{*name, {}};
    for (const Scalar& one : reply.failed->is) way.refused->values.push_back(param_value(one));
  }
  return way;
}

std::shared_ptr<const Expectation> Expectation::make(std::string_view family, const CommandSchema& command,
                                                     const ParamValues& values) {
  const auto expectation = std::make_shared<Expectation>();
  expectation->family_ = std::string(family) + "/";
  for (const CommandSchema::Reply& reply : command.replies)
    if (std::optional<Way> way = way_of(reply, values)) expectation->ways_.push_back(std::move(*way));
  const auto succeeds = [](const Way& way) { return way.succeeds; };
  // What could only fail would leave every command unanswered that went well.
  if (!std::any_of(expectation->ways_.begin(), expectation->ways_.end(), succeeds)) return nullptr;
  return expectation;
}

bool Expectation::is_reached(const Way& way, const Readings& readings) {
  if (!way.succeeds) return false;
  if (way.wanted) {
    const Node* found = readings.value(way.wanted->name);
    if (!way.wanted->value) return found != nullptr || readings.any_below(way.wanted->name);
    return found != nullptr && is_equal(*way.wanted->value, found->kind, found->text);
  }
  bool any = way.members.empty();
  for (const Wanted& member : way.members) {
    const Node* found = readings.value(member.name);
    if (found == nullptr) continue;
    if (!is_equal(*member.value, found->kind, found->text)) return false;
    any = true;
  }
  return any;
}

Match Expectation::match(const Record& record, std::string_view device, std::string& readings) const {
  if (device.empty() ? !record.device.starts_with(family_) : record.device != device) return Match::no;
  std::optional<Readings> read;
  Match match = Match::no;
  for (const Way& way : ways_) {
    if (std::find(way.messages.begin(), way.messages.end(), record.schema) == way.messages.end()) continue;
    if (!read) read.emplace(record.data);
    const Node* found = way.refused ? read->value(way.refused->name) : nullptr;
    const auto is_found = [&](const ParamValue& one) { return is_equal(one, found->kind, found->text); };
    const bool refused =
        found != nullptr &&
        (way.refused->values.empty() || std::any_of(way.refused->values.begin(), way.refused->values.end(), is_found));
    if (refused) match = Match::failed;
    if (refused) break;
    if (is_reached(way, *read)) match = Match::succeeded;
  }
  if (match != Match::no) readings = read->json();
  return match;
}

Match match(const Expectation& expectation, const Record& record, std::string_view device, std::string& readings) {
  return expectation.match(record, device, readings);
}

}  // namespace sluice::normalize
