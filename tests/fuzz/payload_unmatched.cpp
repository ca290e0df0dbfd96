#include "tests/fuzz/payload.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

/// What no schema knows.
void run(std::string_view input) {
  using normalize::Normalizer;
  using normalize::Unmatched;
  static const auto library =
      library_of("family: t\nmessages: [{ name: m, topic: 'none/{device}', format: text, readings: { v: value } }]\n");
  static Normalizer readers[] = {Normalizer(library, {Unmatched::auto_, "Europe/Berlin"}),
                                 Normalizer(library, {Unmatched::raw, "Europe/Berlin"}),
                                 Normalizer(library, {Unmatched::quarantine, "Europe/Berlin"})};
  Normalizer& reader = readers[take_choice(input, 3)];
  const bool retained = take_choice(input, 2) == 1;
  const std::string_view topic = take_until(input, "\n");
  read_and_check(reader, message_of(topic, input, retained));
}

const Target target("payload_unmatched", run);

}  // namespace
}  // namespace sluice::fuzz
