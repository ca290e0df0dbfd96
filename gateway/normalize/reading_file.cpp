#include "gateway/normalize/schema_file.h"
#include "gateway/normalize/units.h"
#include "gateway/normalize/yaml_map.h"

namespace sluice::normalize {

namespace {

constexpr int depth_max = 4;
const std::vector<std::string_view> types = {"number", "integer", "boolean", "string"};
const std::vector<std::string_view> bases = {"2", "8", "10", "16", "36"};

void check_unit(const std::string& unit, const Place& place, Problems& problems) {
  if (const std::string wrong = why_no_unit(unit); !wrong.empty()) problems.add(place, wrong);
}

/// `unit` or `from`.
UnitSchema read_unit(const YamlNode& node, std::string_view key, Problems& problems) {
  UnitSchema unit;
  if (node.is_scalar()) {
    unit.text = node.text;
    if (unit.text.empty())
      problems.add(node.place, "'" + std::string(key) + "' is empty; leave it out where there is none");
    else
      check_unit(unit.text, node.place, problems);
    return unit;
  }
  const std::string what = "'" + std::string(key) + "' is a text, or it";
  YamlMap map(node, what, problems);
  unit.at = require_address(map, problems);
  if (const YamlNode* values = map.find("map")) {
    unit.map = read_value_map(*values, problems);
    for (const YamlNode::Member& member : values->members)
      if (member.value.is_scalar() && !member.value.text.empty())
        check_unit(member.value.text, member.value.place, problems);
  }
  map.finish();
  return unit;
}

IntegerForm read_form(YamlMap& map, Problems& problems) {
  IntegerForm form;
  if (const auto base = map.choice("base", bases)) form.base = std::stoi(std::string(bases[*base]));
  const YamlNode* node = map.find("signed");
  const std::optional<std::size_t> bits = node != nullptr ? map.count("signed", 64) : std::nullopt;
  if (bits && *bits < 8) problems.add(node->place, "'signed' is a number of bits, from 8 to 64");
  if (bits && *bits >= 8) form.bits = static_cast<int>(*bits);
  return form;
}

std::vector<StepSchema> read_steps(YamlMap& map, int depth, Problems& problems);

OperandSchema read_operand(YamlMap& holder, std::string_view key, const YamlNode& node, int depth, Problems& problems) {
  OperandSchema operand;
  if (!node.is_map()) {
    operand.number = holder.number(key).value_or(1);
    if (operand.number == 0 && key == "divisor") problems.add(node.place, "nothing can be divided by 0");
    return operand;
  }
  if (depth > depth_max) {
    problems.add(node.place, "'" + std::string(key) + "' lies deeper than " + std::to_string(depth_max) +
                                 " operands in each other");
    return operand;
  }
  const std::string what = "'" + std::string(key) + "' is a number, or it";
  YamlMap map(node, what, problems);
  operand.at = require_address(map, problems);
  if (const YamlNode* values = map.find("map")) operand.map = read_value_map(*values, problems);
  operand.form = read_form(map, problems);
  operand.steps = read_steps(map, depth + 1, problems);
  map.finish();
  return operand;
}

std::vector<StepSchema> read_steps(YamlMap& map, int depth, Problems& problems) {
  using Kind = StepSchema::Kind;
  constexpr std::pair<std::string_view, Kind> keys[] = {
      {"scale", Kind::times}, {"divisor", Kind::over}, {"offset", Kind::plus}};
  std::vector<StepSchema> steps;
  for (const auto& [key, kind] : keys)
    if (const YamlNode* node = map.find(key)) steps.push_back({kind, read_operand(map, key, *node, depth, problems)});
  return steps;
}

void check_from(const YamlNode& node, const ReadingSchema& reading, Problems& problems) {
  const std::string& into = reading.unit.text;
  if (into.empty()) {
    problems.add(node.place, "'from' is converted into 'unit': say one, as a text");
    return;
  }
  const auto check = [&](const std::string& from, const Place& place) {
    if (!why_no_unit(from).empty() || !why_no_unit(into).empty() || unit_change(from, into)) return;
    const std::string like = units_like(into);
    problems.add(place, "'" + from + "' cannot be converted into '" + into + "'" +
                            (like.empty() ? ": nothing can" : ": what can is " + like));
  };
  if (!reading.from->at) check(reading.from->text, node.place);
  if (const YamlNode* values = node.is_map() ? node.find("map") : nullptr)
    for (const YamlNode::Member& member : values->members)
      if (member.value.is_scalar()) check(member.value.text, member.value.place);
}

/// Keys that contradict each other.
void check_reading(const YamlNode::Member& member, const ReadingSchema& reading, Problems& problems) {
  const bool numeric = !reading.steps.empty() || reading.from || !reading.form.is_plain() || reading.min || reading.max;
  if (numeric && (reading.type == ValueType::boolean || reading.type == ValueType::string))
    problems.add(member.place, "'" + member.key + "' is a " + std::string(name_of(reading.type)) +
                                   ": base, signed, scale, divisor, offset, from, min and max are for numbers");
  if (reading.min && reading.max && *reading.min > *reading.max)
    problems.add(member.place, "'" + member.key + "' has a min above its max");
}

Scalar read_default(const YamlNode& node, Problems& problems) {
  if (node.kind == YamlNode::Kind::null)
    problems.add(node.place,
                 "'default' is what the device means where it says nothing; leave it out if that is nothing");
  return read_scalar(node, problems);
}

}  // namespace

/// Of a list.
std::optional<AddressText> read_addresses(const YamlNode& list, Problems& problems) {
  if (list.items.empty()) problems.add(list.place, "an empty list: say where it stands");
  std::vector<Text> all;
  for (const YamlNode& item : list.items) {
    if (!item.is_scalar()) problems.add(item.place, "here stands an address, or a list of them");
    all.push_back({item.text, item.place});
  }
  if (all.empty()) return std::nullopt;
  return AddressText{all.front(), {all.begin() + 1, all.end()}};
}

std::optional<AddressText> require_address(YamlMap& map, Problems& problems) {
  const YamlNode* at = map.find("at");
  if (at != nullptr && at->is_sequence()) return read_addresses(*at, problems);
  const std::optional<Text> one = map.require_text("at");
  return one ? std::optional(AddressText{*one, {}}) : std::nullopt;
}

ReadingSchema read_reading(const YamlNode::Member& member, Problems& problems) {
  ReadingSchema reading;
  reading.name = {member.key, member.place};
  if (member.value.is_scalar()) {
    reading.at = {{member.value.text, member.value.place}, {}};
    return reading;
  }
  if (member.value.is_sequence()) {
    if (std::optional<AddressText> at = read_addresses(member.value, problems)) reading.at = std::move(*at);
    return reading;
  }
  YamlMap map(member.value, "a reading is an address, a list of them, or it", problems);
  if (std::optional<AddressText> at = require_address(map, problems)) reading.at = std::move(*at);
  reading.pattern = map.text("pattern");
  if (const YamlNode* unit = map.find("unit")) reading.unit = read_unit(*unit, "unit", problems);
  if (const auto type = map.choice("type", types)) reading.type = static_cast<ValueType>(*type + 1);
  reading.form = read_form(map, problems);
  reading.steps = read_steps(map, 1, problems);
  if (const YamlNode* from = map.find("from")) {
    reading.from = read_unit(*from, "from", problems);
    check_from(*from, reading, problems);
  }
  reading.min = map.number("min");
  reading.max = map.number("max");
  if (const YamlNode* values = map.find("map")) reading.map = read_value_map(*values, problems);
  if (const YamlNode* fallback = map.find("default")) reading.fallback = read_default(*fallback, problems);
  reading.required = map.flag("required").value_or(false);
  map.finish();
  check_reading(member, reading, problems);
  return reading;
}

}  // namespace sluice::normalize
