#include "gateway/normalize/calculation.h"

#include <algorithm>
#include <cmath>

#include "gateway/normalize/conversion.h"
#include "gateway/normalize/units.h"

namespace sluice::normalize {

namespace {

using Kind = CalculationStep::Kind;

/// What the message says, by the operand's map; absent where it says nothing. False where it is not in the map.
bool said_by(const Operand& operand, Surroundings around, Value& said, std::string& reason) {
  said = first_of(around.source, *operand.at, around.bindings, around.carried);
  if (said.kind == Value::Kind::structure) said = {};
  if (!said.present() || operand.map.empty()) return true;
  const Scalar* mapped = find_mapped(operand.map, said);
  if (mapped == nullptr) {
    reason = "not in map: '" + excerpt(said.text) + "' at " + operand.at->text;
    return false;
  }
  said = value_of(*mapped);
  return true;
}

/// The operand's number; nothing where the message does not say it. False with the reason where it is none.
bool read(const Operand& operand, Surroundings around, std::optional<double>& number, std::string& reason) {
  if (!operand.at) {
    number = operand.number;
    return true;
  }
  Value said;
  if (!said_by(operand, around, said, reason)) return false;
  if (!said.present()) return true;
  number = number_of(said, operand.map.empty() ? operand.form : form_of_mapped(said, operand.form), operand.decimal);
  if (!number) {
    reason = "not a number: '" + excerpt(said.text) + "' at " + operand.at->text;
    return false;
  }
  Calculation own{*number};
  if (!own.run(operand.steps, around, reason)) return false;
  number = own.number;
  return true;
}

}  // namespace

std::optional<double> number_of(const Value& value, const IntegerForm& form, char decimal) {
  if (value.kind == Value::Kind::boolean) return std::nullopt;
  if (form.is_plain()) return parse_number(value.text, value.kind == Value::Kind::number ? '.' : decimal);
  std::string digits;
  if (!append_integer(digits, value.text, form)) return std::nullopt;
  return parse_number(digits);
}

void Calculation::set(double result) {
  changed = changed || result != number;
  number = result;
}

bool Calculation::convert(const CalculationStep& step, Surroundings around, std::string& reason) {
  Value said;
  if (!said_by(step.operand, around, said, reason)) return false;
  if (!said.present() || said.text == step.unit) return true;
  const std::optional<UnitChange> change = unit_change(said.text, step.unit);
  if (!change) {
    reason = "not in map: the unit '" + excerpt(said.text) + "' cannot be converted into " + step.unit;
    return false;
  }
  const double product = number * change->times / change->over;
  largest = std::max({largest, std::abs(product), std::abs(change->plus)});
  set(product + change->plus);
  return true;
}

bool Calculation::run(const CalculationSteps& steps, Surroundings around, std::string& reason) {
  for (const CalculationStep& step : steps) {
    if (step.kind == Kind::into) {
      if (!convert(step, around, reason)) return false;
      continue;
    }
    std::optional<double> by;
    if (!read(step.operand, around, by, reason)) return false;
    if (!by) continue;
    if (step.kind == Kind::plus) {
      largest = std::max({largest, std::abs(number), std::abs(*by)});
      set(number + *by);
    } else if (*by != 0 || !step.operand.at) {
      const double factor = step.kind == Kind::times ? *by : 1 / *by;
      largest *= factor;
      set(step.kind == Kind::times ? number * *by : number / *by);
    }
  }
  return true;
}

CalculationSteps conversion_steps(std::string_view from, std::string_view into) {
  CalculationSteps steps;
  const UnitChange change = unit_change(from, into).value_or(UnitChange{});
  const auto add = [&](Kind kind, double number) {
    CalculationStep& step = steps.emplace_back();
    step.kind = kind;
    step.operand.number = number;
  };
  if (change.times != 1) add(Kind::times, change.times);
  if (change.over != 1) add(Kind::over, change.over);
  if (change.plus != 0) add(Kind::plus, change.plus);
  return steps;
}

}  // namespace sluice::normalize
