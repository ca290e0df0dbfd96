#include "gateway/normalize/draft.h"

#include "gateway/core/json_text.h"
#include "gateway/normalize/examples.h"
#include "gateway/normalize/recorded.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

using namespace normalize;

void check_draft(const std::string& text) {
  require(is_utf8(text), "a draft is text");
  Problems problems;
  const auto library = Library::of_text(text, "draft.yaml", problems);
  require(library != nullptr, "a draft has no mistake", problems.text() + text);
  for (const Difference& difference : run_examples(*library))
    require(false, "a draft's examples hold", difference.text() + "\n" + text);
}

/// A recording, as `sluice schemas new --from` reads it.
void run(std::string_view input) {
  Draft draft;
  while (!input.empty()) {
    const auto recorded = read_recorded(take_until(input, "\n"));
    if (recorded) draft.add(recorded->topic, recorded->payload, recorded->retained);
  }
  const Result<std::string> text = draft.write("", "#");
  require(text.has_value() || !text.error().message.empty(), "a draft, or why there is none");
  require(text.has_value() == (draft.messages() > 0) || !text, "nothing is drafted of nothing");
  if (text) check_draft(*text);
}

const Target target("draft", run);

}  // namespace
}  // namespace sluice::fuzz
