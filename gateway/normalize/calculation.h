#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/normalize/address.h"
#include "gateway/normalize/schema.h"
#include "gateway/normalize/source.h"

namespace sluice::normalize {

/// The message a value stands in: what a reading needs beside its own value is asked of it.
struct Surroundings {
  Source& source;
  Bindings& bindings;
  std::span<const CarriedValue> carried{};
};

struct CalculationStep;

/// A number, or where the message says it. Immutable.
struct Operand {
  double number = 0;  ///< where there is no `at`
  std::optional<Address> at;
  ValueMap map;
  IntegerForm form;
  std::vector<CalculationStep> steps;
  char decimal = '.';
};

struct CalculationStep {
  enum class Kind {
    times,
    over,
    plus,
    into,  ///< from the unit that the operand says into `unit`
  };
  Kind kind = Kind::times;
  Operand operand;
  std::string unit;
};
using CalculationSteps = std::vector<CalculationStep>;

/// A number that is calculated with.
struct Calculation {
  double number = 0;
  double largest = 0;    ///< that it was added up from, see append_double
  bool changed = false;  ///< any step has changed it

  /// False with the reason where what the message says is no number, or not in the map. What it does not say changes
  /// nothing, and by 0 of a message it is neither multiplied nor divided: devices write it for 1.
  bool run(const CalculationSteps& steps, Surroundings around, std::string& reason);

 private:
  void set(double result);
  bool convert(const CalculationStep& step, Surroundings around, std::string& reason);
};

/// The steps from one unit to another; none where nothing has to be done.
CalculationSteps conversion_steps(std::string_view from, std::string_view into);

/// Whether `value` is a number, by its kind and the decimal sign of texts. Nothing where it is none.
std::optional<double> number_of(const Value& value, const IntegerForm& form, char decimal);

}  // namespace sluice::normalize
