#include "tests/fuzz/payload.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

std::shared_ptr<const normalize::Library> shipped() {
  normalize::Problems problems;
  auto library = normalize::Library::load({SLUICE_SOURCE_DIR "/schemas", {}, {}, false}, problems);
  require(library != nullptr, "what ships has no mistake", problems.text());
  return library;
}

/// What ships, all of it. An input is a topic, a line end, and the payload.
void run(std::string_view input) {
  using normalize::Normalizer;
  static Normalizer reader(shipped(), {normalize::Unmatched::auto_, "Europe/Berlin"});
  const std::string_view topic = take_until(input, "\n");
  read_and_check(reader, message_of(topic, input, false));
}

const Target target("payload_shipped", run);

}  // namespace
}  // namespace sluice::fuzz
