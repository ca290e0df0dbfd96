#include "gateway/normalize/commands.h"

#include <algorithm>

#include "gateway/core/json_text.h"
#include "gateway/normalize/expectation.h"
#include "gateway/normalize/plan.h"

namespace sluice::normalize {

namespace {

using Level = TopicPattern::Level;

constexpr std::size_t topic_bytes_max = 65535;  // MQTT 5 section 1.5.4
constexpr std::size_t guessed_bytes_max = 64;

/// "a, b and c"
std::string list_of(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

std::string meant(std::string_view word, const std::vector<std::string_view>& known) {
  return word.size() > guessed_bytes_max ? "" : did_you_mean(word, known);
}

std::string quoted(std::string_view text) {
  return "'" + excerpt(text) + "'";
}

/// U+0000 to U+001F and U+007F to U+009F, which MQTT 5 section 1.5.4 advises against.
bool has_control_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

/// Why this cannot stand in a topic in the place of a placeholder; empty if it can.
std::string why_unfit(std::string_view value, Level::Kind kind) {
  if (value.empty()) return "must not be empty: it stands in the topic";
  if (value.find_first_of("+#") != std::string_view::npos) return "must not hold + or #: it stands in the topic";
  if (has_control_characters(value)) return "must not hold control characters: it stands in the topic";
  if (!is_utf8(value)) return "must be UTF-8";
  if (kind != Level::Kind::rest && value.find('/') != std::string_view::npos)
    return "must not hold '/': it stands in the topic";
  if (value.front() == '/' || value.back() == '/' || value.find("//") != std::string_view::npos)
    return "must not have empty levels: it stands in the topic";
  return {};
}

std::string label_of(const std::string& name) {
  return name == "device" ? name : "params." + name;
}

/// One command being made.
class Preparation {
 public:
  explicit Preparation(const CommandPlan& plan) : plan_(plan) {}

  Commands::Prepared run(std::string_view device_name, std::string_view params) {
    values_.add("device", param_text(device_name));
    if (!read_params(params) || !render_topic()) return {std::nullopt, {400, reason_}};
    PreparedCommand command;
    command.publish.topic = topic_;
    command.publish.payload = plan_.payload.render(values_);
    command.publish.qos = plan_.schema->qos;
    command.explicit_only = plan_.schema->explicit_only;
    command.any_topic = plan_.any_topic;
    command.latest_wins = plan_.schema->latest_wins && all_hold(plan_.schema->latest_wins_where, values_);
    command.reply = Expectation::make(plan_.family->name, *plan_.schema, values_);
    if (command.reply != nullptr)
      for (const CommandSchema::Reply& reply : plan_.schema->replies)
        command.reply_within = std::max(command.reply_within, reply.within);
    return {std::move(command), {}};
  }

 private:
  bool refuse(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }

  bool read_params(std::string_view params) {
    JsonTape tape;
    if (const auto refusal = tape.read(params)) return refuse("params: " + refusal->reason);
    const std::vector<JsonTape::Node>& nodes = tape.nodes();
    if (nodes[0].kind != JsonTape::Node::Kind::object) return refuse("params must be a JSON object");
    for (std::uint32_t i = 1; i < nodes[0].next; i = nodes[i].next)
      if (plan_.schema->param(nodes[i].key) == nullptr) return refuse_unknown(nodes[i].key);
    return std::all_of(plan_.params.begin(), plan_.params.end(), [&](const CommandPlan::Param& param) {
      return take(param, tape, tape.find(0, param.schema->name, key_hash(param.schema->name)));
    });
  }

  bool refuse_unknown(std::string_view name) {
    std::vector<std::string_view> known;
    for (const CommandSchema::Param& param : plan_.schema->params) known.push_back(param.name);
    return refuse("params." + excerpt(name) + ": there is no such parameter" + meant(name, known) +
                  (known.empty() ? "; this command takes none" : "; there is " + list_of(known)));
  }

  bool take(const CommandPlan::Param& param, const JsonTape& tape, std::uint32_t node) {
    const std::string& name = param.schema->name;
    // JSON null is nothing, as it is in what devices say.
    const bool left_out =
        param.schema->optional && node != Binding::nowhere && tape.nodes()[node].kind == JsonTape::Node::Kind::null;
    if (node == Binding::nowhere || left_out) {
      if (param.check->fallback()) values_.add(name, *param.check->fallback());
      if (param.check->fallback() || param.schema->optional) return true;
      const std::string demand = param.check->demand();
      return refuse("params." + name + ": is missing" + (demand.empty() ? "" : "; it " + demand));
    }
    ParamValue value = param_value(tape, node);
    if (const std::string wrong = param.check->why_wrong(value); !wrong.empty())
      return refuse("params." + name + ": " + wrong);
    values_.add(name, std::move(value));
    return true;
  }

  bool render_topic() {
    std::vector<std::string_view> parts;
    for (const Level& level : plan_.topic.levels()) {
      if (level.kind == Level::Kind::literal) continue;
      const ParamValue* value = values_.find(level.text);
      parts.push_back(value != nullptr ? std::string_view(value->text) : std::string_view());
      if (value == nullptr) continue;
      if (const std::string wrong = why_unfit(value->text, level.kind); !wrong.empty())
        return refuse(label_of(level.text) + ": " + wrong);
    }
    topic_ = plan_.topic.render(parts);
    if (topic_.size() > topic_bytes_max)
      return refuse("the topic would be longer than " + std::to_string(topic_bytes_max) + " bytes");
    // Topics of the broker itself, and of its bridges and shares (MQTT 5 section 4.7.2).
    if (!topic_.starts_with('$')) return true;
    const Level& first = plan_.topic.levels().front();
    return refuse((first.kind == Level::Kind::literal ? "the topic" : label_of(first.text)) +
                  ": must not begin with $");
  }

  const CommandPlan& plan_;
  ParamValues values_;
  std::string topic_;
  std::string reason_;
};

}  // namespace

struct Commands::State {
  std::shared_ptr<const Library> library;

  const Family* family(std::string_view name) const {
    for (const Family& one : library->families())
      if (one.name == name) return &one;
    return nullptr;
  }
  const CommandPlan* plan(const Family& family, std::string_view name) const {
    for (const CommandPlan& one : library->plan().commands)
      if (one.family == &family && one.schema->name == name) return &one;
    return nullptr;
  }
  Commands::Refusal no_family(std::string_view name) const;

  /// The filters of all messages that are wanted, each once.
  template <class Wanted>
  std::vector<std::string> filters(const Wanted& wanted) const {
    std::vector<std::string> filters;
    for (const Route& route : library->plan().routes)
      if (wanted(*library->plan().messages[route.message].schema)) filters.push_back(route.topic.filter());
    std::sort(filters.begin(), filters.end());
    filters.erase(std::unique(filters.begin(), filters.end()), filters.end());
    return filters;
  }
};

Commands::Refusal Commands::State::no_family(std::string_view name) const {
  std::vector<std::string_view> known;
  for (const Family& one : library->families())
    if (!one.commands.empty()) known.push_back(one.name);
  if (family(name) != nullptr) return {404, "the devices of '" + std::string(name) + "' take no commands"};
  const std::string guess = meant(name, known);
  std::string reason = "there is no family " + quoted(name) + " that takes commands";
  if (!guess.empty()) return {404, reason + guess};
  return {404, reason + (known.empty() ? "" : "; there is " + list_of(known))};
}

Commands::Commands(std::shared_ptr<const Library> library) : state_(new State{std::move(library)}) {}
Commands::~Commands() = default;

Commands::Prepared Commands::prepare(std::string_view device, std::string_view name, std::string_view params) const {
  const std::size_t slash = device.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == device.size())
    return {std::nullopt, {404, "a device is called family/name, as in tasmota/kitchen, not " + quoted(device)}};
  const Family* family = state_->family(device.substr(0, slash));
  if (family == nullptr || family->commands.empty()) return {std::nullopt, state_->no_family(device.substr(0, slash))};
  if (const CommandPlan* plan = state_->plan(*family, name))
    return Preparation(*plan).run(device.substr(slash + 1), params);
  std::vector<std::string_view> known;
  for (const CommandSchema& one : family->commands) known.push_back(one.name);
  return {
      std::nullopt,
      {404, family->name + " has no command " + quoted(name) + meant(name, known) + "; there is " + list_of(known)}};
}

std::span<const CommandSchema> Commands::of_family(std::string_view family) const {
  const Family* found = state_->family(family);
  return found == nullptr ? std::span<const CommandSchema>() : std::span<const CommandSchema>(found->commands);
}

std::vector<std::string> Commands::reply_filters(std::string_view family, std::string_view name) const {
  const Family* found = state_->family(family);
  const CommandPlan* plan = found == nullptr ? nullptr : state_->plan(*found, name);
  if (plan == nullptr) return {};
  return state_->filters([&](const MessageSchema& message) {
    for (const CommandSchema::Reply& reply : plan->schema->replies)
      for (const Text& wanted : reply.messages)
        if (wanted.text == message.full_name) return true;
    return false;
  });
}

std::vector<std::string> Commands::presence_filters(std::string_view family) const {
  const Family* found = state_->family(family);
  if (found == nullptr) return {};
  return state_->filters([&](const MessageSchema& message) {
    return message.kind == RecordKind::presence && found->message(message.name) == &message;
  });
}

std::vector<std::string> Commands::families() const {
  std::vector<std::string> names;
  for (const Family& family : state_->library->families())
    if (!family.commands.empty()) names.push_back(family.name);
  return names;
}

bool Commands::speaks(std::string_view family) const {
  const Family* known = state_->family(family);
  return known != nullptr && !known->messages.empty();
}

}  // namespace sluice::normalize
