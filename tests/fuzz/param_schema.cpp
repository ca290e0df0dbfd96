#include "gateway/normalize/param_schema.h"

#include "gateway/core/json_text.h"
#include "tests/fuzz/json_check.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

using namespace normalize;

constexpr std::size_t value_size_max = 64 * 1024;

/// A JSON Schema, a line end, and a value.
void run(std::string_view input) {
  const std::string schema(take_until(input, "\n"));
  std::string wrong;
  const auto check = ParamSchema::compile(schema, wrong);
  require((check == nullptr) == !wrong.empty(), "a schema, or what is wrong with it", wrong);
  if (check == nullptr) return;
  require(is_utf8(check->demand()), "what is wanted is text");
  JsonTape tape;
  const std::string value(input.substr(0, value_size_max));
  if (tape.read(value)) return;
  const ParamValue param = param_value(tape, 0);
  const std::string why = check->why_wrong(param);
  require(is_utf8(why) && why.find('\n') == std::string::npos, "why a value is wrong is one line", why);
  require(check->why_wrong(param) == why, "and the same each time", why);
}

const Target target("param_schema", run);

}  // namespace
}  // namespace sluice::fuzz
