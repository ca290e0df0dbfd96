#include "gateway/normalize/param_value.h"

#include <algorithm>

#include "gateway/core/json_text.h"
#include "gateway/normalize/number_text.h"

namespace sluice::normalize {

using Node = JsonTape::Node;

namespace {

bool holds(const CommandSchema::Where& where, const ParamValues& values) {
  const ParamValue* value = values.find(where.param);
  return std::any_of(where.is.begin(), where.is.end(), [&](const Scalar& one) {
    if (value == nullptr) return one.kind == Scalar::Kind::null;
    return is_equal(param_value(one), value->kind, value->text);
  });
}

}  // namespace

ParamValue param_value(const JsonTape& tape, std::uint32_t node) {
  ParamValue value;
  value.kind = tape.nodes()[node].kind;
  tape.append_json(value.json, node);
  value.text = value.kind == Node::Kind::text ? std::string(tape.nodes()[node].text) : value.json;
  return value;
}

ParamValue param_text(std::string_view text) {
  ParamValue value;
  value.kind = Node::Kind::text;
  append_json_string(value.json, text);
  value.text = text;
  return value;
}

ParamValue param_value(const Scalar& scalar) {
  ParamValue value = param_text(scalar.text);
  if (scalar.kind == Scalar::Kind::string) return value;
  value.json = scalar.kind == Scalar::Kind::null ? "null" : scalar.text;
  value.kind = scalar.kind == Scalar::Kind::number    ? Node::Kind::number
               : scalar.kind == Scalar::Kind::boolean ? Node::Kind::boolean
                                                      : Node::Kind::null;
  return value;
}

bool is_equal(const ParamValue& wanted, Node::Kind kind, std::string_view text) {
  if (wanted.kind != kind) return false;
  if (wanted.text == text) return true;
  if (kind != Node::Kind::number) return false;
  const std::optional<double> number = parse_number(wanted.text);
  return number && number == parse_number(text);
}

bool all_hold(const std::vector<CommandSchema::Where>& where, const ParamValues& values) {
  return std::all_of(where.begin(), where.end(), [&](const CommandSchema::Where& one) { return holds(one, values); });
}

}  // namespace sluice::normalize
