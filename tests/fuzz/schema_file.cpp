#include <algorithm>

#include "gateway/core/json_text.h"
#include "gateway/core/topic_filter.h"
#include "gateway/normalize/commands.h"
#include "gateway/normalize/document.h"
#include "gateway/normalize/examples.h"
#include "tests/fuzz/payload.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

using namespace normalize;

constexpr std::size_t filters_checked_max = 50;
constexpr std::size_t messages_max = 5;

void check_problems(const Problems& problems, std::string_view input) {
  const auto lines = static_cast<std::size_t>(std::count(input.begin(), input.end(), '\n')) + 1;
  for (const Problem& problem : problems.list()) {
    require(!problem.message.empty(), "a problem says what it is");
    require(problem.text().find('\n') == std::string::npos && is_utf8(problem.text()), "in one line", problem.text());
    require(problem.place.line <= lines, "and where", problem.text());
  }
}

void check_filters(const std::vector<std::string>& filters) {
  for (std::size_t i = 0; i < std::min(filters.size(), filters_checked_max); ++i) {
    require(is_valid_filter(filters[i]), "what is subscribed to is a filter", filters[i]);
    for (std::size_t j = 0; j < i; ++j) require(!overlap(filters[i], filters[j]), "filters do not overlap", filters[i]);
  }
}

/// Its own examples, cut to what a fuzzer has time for, by a schema that nobody has looked at.
void read_examples(const std::shared_ptr<const Library>& library) {
  Normalizer reader(library, {Unmatched::auto_, "Europe/Berlin"});
  std::size_t messages = 0;
  for (const Family& family : library->families())
    for (const MessageSchema& schema : family.messages)
      for (const Example& example : schema.examples)
        if (++messages <= messages_max)
          read_and_check(reader, message_of(example.topic, example.payload, example.retained));
}

void read_any(const std::shared_ptr<const Library>& library) {
  Normalizer reader(library, {Unmatched::auto_, "Europe/Berlin"});
  for (const std::string& filter : library->filters()) {
    std::string topic = filter;
    std::replace(topic.begin(), topic.end(), '+', 'x');
    std::replace(topic.begin(), topic.end(), '#', 'y');
    for (const char* payload :
         {R"({"t":1,"a":{"b":"2.5"},"l":[{"x":1}]})", "<a b='1'><c>2</c></a>", "a,b\n1,2\n", "a=1&b=2"})
      read_and_check(reader, message_of(topic, payload, false));
    break;
  }
}

void run(std::string_view input) {
  Problems problems, again;
  const std::shared_ptr<const Library> library = Library::of_text(input, "fuzz.yaml", problems);
  require((library == nullptr) == !problems.empty(), "a schema is taken, or there are problems", problems.text());
  check_problems(problems, input);
  if (library == nullptr) {
    require(Library::of_text(input, "fuzz.yaml", again) == nullptr && again.text() == problems.text(),
            "the same ones twice");
    return;
  }
  check_filters(library->filters());
  const Commands commands(library);
  for (const Family& family : library->families()) require(!document(family).empty(), "a family has a documentation");
  const bool any_jq = std::any_of(library->families().begin(), library->families().end(), [](const Family& family) {
    return std::any_of(family.messages.begin(), family.messages.end(),
                       [](const auto& one) { return one.jq.has_value(); });
  });
  if (any_jq) return;  // it may take its second
  read_examples(library);
  read_any(library);
}

const Target target("schema_file", run);

}  // namespace
}  // namespace sluice::fuzz
