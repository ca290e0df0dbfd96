#include "gateway/normalize/plan.h"

#include <algorithm>

#include "gateway/core/json_text.h"
#include "gateway/normalize/address_compiler.h"
#include "gateway/normalize/jq_worker.h"

namespace sluice::normalize {

namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

bool is_literal(const TextParts& parts) {
  return parts.empty() || (parts.size() == 1 && parts[0].kind == TextPart::Kind::literal);
}

std::shared_ptr<const TextPattern> compile_pattern(const Text& expression, Problems& problems) {
  std::string wrong;
  std::shared_ptr<const TextPattern> pattern = TextPattern::compile(expression.text, wrong);
  if (pattern == nullptr) problems.add(expression.place, wrong);
  return pattern;
}

/// Compiles one message; a part that fails is left out, and the problem told.
class MessageCompiler {
 public:
  MessageCompiler(const MessageSchema& schema, const std::vector<TopicPattern>& topics, MessagePlan& plan,
                  Problems& problems)
      : schema_(schema), plan_(plan), problems_(problems), addresses_(schema, topics, plan, problems) {}

  void compile() {
    AddressCompiler::Names known = addresses_.topic_names();
    compile_when(known);
    if (schema_.each) plan_.each = addresses_.address(*schema_.each, known, true);
    addresses_.set_relative(schema_.each.has_value());
    compile_carry(known);
    compile_device(known);
    compile_time(known);
    compile_presence(known);
    plan_.readings.reserve(schema_.readings.size());
    plan_.needs.reserve(schema_.readings.size());
    for (const ReadingSchema& reading : schema_.readings) compile_reading(reading, known);
    plan_.remembers = schema_.keep_rest || std::any_of(plan_.readings.begin(), plan_.readings.end(),
                                                       [](const ReadingPlan& one) { return one.at.has_wildcard; });
    plan_.names_may_meet = std::any_of(plan_.readings.begin(), plan_.readings.end(),
                                       [](const ReadingPlan& reading) { return reading.head.empty(); });
  }

  std::vector<std::size_t> slots_of(const TopicPattern& topic) {
    std::vector<std::size_t> slots;
    for (const std::string& name : topic.names()) slots.push_back(addresses_.slot(name));
    return slots;
  }

 private:
  using Names = AddressCompiler::Names;

  void compile_when(const Names& known) {
    for (const WhenSchema& when : schema_.when) compile_condition(when, known);
    // What a condition alone looks at is free for wildcards.
    for (Column& column : plan_.columns.list) column.read = false;
  }

  void compile_condition(const WhenSchema& condition, Names known) {
    WhenPlan when;
    when.pattern = condition.pattern;
    when.is = condition.is;
    if (when.pattern && !schema_.pattern) problems_.add(condition.at.place, "'when: pattern' needs a 'pattern'");
    if (condition.matches) when.matches = compile_pattern(*condition.matches, problems_);
    if (!when.pattern) {
      std::optional<Address> at = addresses_.address(condition.at, known, true);
      if (!at) return;
      when.at = std::move(*at);
    }
    plan_.when.push_back(std::move(when));
  }

  void compile_carry(const Names& known) {
    for (const Text& text : schema_.carry) {
      Names names = known;
      std::optional<Address> address = addresses_.address(text, names, false);
      if (address) plan_.carry.push_back(std::move(*address));
    }
    addresses_.set_carried(schema_.carry);
  }

  void compile_device(Names known) {
    if (!schema_.device && !addresses_.knows("device", known)) {
      problems_.add(schema_.topics[0].place,
                    "which device is it? Neither topic, pattern nor columns have a {device}: say 'device:'");
      return;
    }
    const Text device = schema_.device ? *schema_.device : Text{"{device}", schema_.topics[0].place};
    if (device.text.empty()) problems_.add(device.place, "'device' is empty");
    if (std::optional<TextParts> parts = addresses_.text_parts(device, known)) plan_.device = std::move(*parts);
  }

  void compile_time(Names known) {
    if (!schema_.time) return;
    const TimeSchema& said = *schema_.time;
    std::optional<Address> at = addresses_.address(said.at, known, true);
    std::optional<DeviceTime> time = DeviceTime::compile(said, problems_);
    if (!at || !time) return;
    plan_.time = TimePlan{std::move(*at), {}, {}, std::move(*time)};
    if (said.date) plan_.time->date = addresses_.address(*said.date, known, true);
    if (said.offset) plan_.time->offset = addresses_.address(*said.offset, known, true);
  }

  void compile_presence(Names known) {
    if (!schema_.presence) return;
    std::optional<Address> at = addresses_.address(schema_.presence->at, known, true);
    if (at) plan_.presence = PresencePlan{std::move(*at), schema_.presence->online, schema_.presence->offline};
  }

  char decimal() const { return schema_.format == Format::csv ? schema_.csv.decimal : schema_.decimal; }

  CalculationSteps compile_steps(const std::vector<StepSchema>& schemas, Names& known) {
    CalculationSteps steps;
    for (const StepSchema& schema : schemas) {
      CalculationStep& step = steps.emplace_back();
      step.kind = static_cast<CalculationStep::Kind>(schema.kind);
      step.operand.number = schema.operand.number;
      if (schema.operand.at) step.operand.at = addresses_.address(*schema.operand.at, known, false);
      step.operand.map = schema.operand.map;
      step.operand.form = schema.operand.form;
      step.operand.steps = compile_steps(schema.operand.steps, known);
      step.operand.decimal = decimal();
    }
    return steps;
  }

  CalculationSteps compile_steps(const ReadingSchema& reading, Names& known) {
    CalculationSteps steps = compile_steps(reading.steps, known);
    if (!reading.from) return steps;
    if (!reading.from->at) {
      for (CalculationStep& step : conversion_steps(reading.from->text, reading.unit.text))
        steps.push_back(std::move(step));
    } else if (std::optional<Address> at = addresses_.address(*reading.from->at, known, false)) {
      CalculationStep& step = steps.emplace_back();
      step.kind = CalculationStep::Kind::into;
      step.operand.at = std::move(at);
      step.operand.map = reading.from->map;
      step.unit = reading.unit.text;
    }
    return steps;
  }

  std::shared_ptr<const TextPattern> compile_part(const Text& expression) {
    std::shared_ptr<const TextPattern> pattern = compile_pattern(expression, problems_);
    if (pattern == nullptr || pattern->groups().size() == 1) return pattern;
    problems_.add(expression.place,
                  "the 'pattern' of a reading has one group, ( ), which takes the value; (?: ) is none");
    return nullptr;
  }

  std::shared_ptr<const FallbackPlan> compile_fallback(const ReadingSchema& reading, const Address& at, Names& known) {
    FallbackPlan fallback{*reading.fallback, {}};
    if (at.has_wildcard)
      problems_.add(reading.at.place, "'default' is for one value, and a wildcard finds those that are there");
    else if (schema_.format == Format::json || schema_.format == Format::xml)
      fallback.holder = addresses_.holder(reading.at, known);
    return std::make_shared<const FallbackPlan>(std::move(fallback));
  }

  void compile_reading(const ReadingSchema& reading, Names known) {
    ReadingPlan plan;
    plan.label = reading.name.text;
    plan.required = reading.required;
    std::optional<Address> at = addresses_.address(reading.at, known, true);
    if (!at) return;
    plan.at = std::move(*at);
    if (reading.name.text.empty()) problems_.add(reading.name.place, "a reading has a name");
    std::optional<TextParts> name = addresses_.text_parts(reading.name, known);
    if (!name) return;
    plan.name = std::move(*name);
    if (is_literal(plan.name)) plan.head = json_string(reading.name.text) + ":{\"value\":";
    if (plan.at.has_wildcard && is_literal(plan.name))
      problems_.add(reading.name.place,
                    "'" + reading.name.text +
                        "' has a wildcard in its address: its name must have it too, or all values get one name");
    if (!reading.unit.text.empty()) plan.unit.text = ",\"unit\":" + json_string(reading.unit.text);
    if (reading.unit.at) plan.unit.at = addresses_.address(*reading.unit.at, known, false);
    plan.unit.map = reading.unit.map;
    plan.conversion = Conversion(reading, compile_steps(reading, known), schema_.format, decimal());
    if (reading.pattern) plan.conversion.set_pattern(compile_part(*reading.pattern));
    if (reading.fallback) plan.fallback = compile_fallback(reading, plan.at, known);
    plan_.needs.push_back(needs_of(plan));
    plan_.readings.push_back(std::move(plan));
  }

  static KeySet needs_of(const ReadingPlan& reading) {
    const bool says_without =
        reading.required || reading.fallback || reading.at.carried || !reading.at.otherwise.empty();
    const auto* json = std::get_if<JsonAddress>(&reading.at.way);
    return json != nullptr && !says_without ? json->keys : KeySet();
  }

  const MessageSchema& schema_;
  MessagePlan& plan_;
  Problems& problems_;
  AddressCompiler addresses_;
};

void compile_jq(const Text& program, MessagePlan& message, Plan& plan, Problems& problems) {
  if (const std::string wrong = check_jq(program.text); !wrong.empty()) {
    problems.add(program.place, "jq: " + wrong);
    return;
  }
  plan.jq.push_back(program.text);
  message.jq = plan.jq.size();
}

void compile_message(const Family& family, const MessageSchema& schema, Plan& plan, Problems& problems) {
  const auto index = static_cast<std::uint32_t>(plan.messages.size());
  MessagePlan& message = plan.messages.emplace_back();
  message.schema = &schema;
  message.device_prefix = family.name + "/";
  std::vector<TopicPattern> topics;
  for (const Text& topic : schema.topics)
    for (TopicPattern& pattern : TopicPattern::parse(topic, false, problems)) topics.push_back(std::move(pattern));
  if (schema.pattern) message.pattern = compile_pattern(*schema.pattern, problems);
  if (schema.jq) compile_jq(*schema.jq, message, plan, problems);
  const bool groups_unknown = schema.pattern && message.pattern == nullptr;
  if (topics.empty() || groups_unknown) return;
  MessageCompiler compiler(schema, topics, message, problems);
  compiler.compile();
  for (const TopicPattern& topic : topics) {
    plan.topics.add(topic, static_cast<std::uint32_t>(plan.routes.size()));
    plan.routes.push_back({index, topic, compiler.slots_of(topic)});
  }
}

}  // namespace

Plan compile(const std::vector<Family>& families, Problems& problems) {
  Plan plan;
  for (const Family& family : families) {
    for (const MessageSchema& message : family.messages) compile_message(family, message, plan, problems);
    for (const CommandSchema& command : family.commands)
      if (std::optional<CommandPlan> made = compile_command(families, family, command, problems)) {
        if (!made->any_topic) plan.topics.add(made->topic, Plan::command);
        plan.commands.push_back(std::move(*made));
      }
  }
  return plan;
}

}  // namespace sluice::normalize
