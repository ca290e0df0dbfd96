#include "tests/fuzz/payload.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

const std::vector<std::string> messages = {
    R"(- { name: m, topic: '{device...}', format: json, rest: keep, jq: '{ all: [.. | scalars], first: first(.[]?), keys: (keys? // []) }',
      readings: { '{a}.{b}': '/{a}/{b}', first: /first } })",
    R"(- { name: m, topic: '{device...}', format: json, when: '', each: '', rest: keep, jq: 'select(type == "object") | to_entries', readings: { '{/key}': /value } })",
};

void run(std::string_view input) {
  static Payloads payloads(messages);
  payloads.run(input);
}

const Target target("payload_jq", run);

}  // namespace
}  // namespace sluice::fuzz
