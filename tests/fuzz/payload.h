#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/normalizer.h"

namespace sluice::fuzz {

/// Readers of payloads, one for each schema. An input is the choice of a schema, '0' or '1' for retained, the topic, a
/// line end, and the payload: "00a/b\n{\"t\":1}".
class Payloads {
 public:
  /// The `messages` of schemas, each in a family of its own. What none of them applies to becomes `auto`.
  explicit Payloads(const std::vector<std::string>& messages);

  /// Reads the message, twice, and checks what came of it.
  void run(std::string_view input);

 private:
  void add(const std::string& file, normalize::Unmatched unmatched);
  std::vector<std::unique_ptr<normalize::Normalizer>> readers_;
};

/// The library of this text, which has no mistake.
std::shared_ptr<const normalize::Library> library_of(const std::string& text);

Message message_of(std::string_view topic, std::string_view payload, bool retained);

/// Reads a message, and throws Broken where what came of it is not as promised.
std::vector<Record> read_and_check(normalize::Normalizer& reader, const Message& message);

}  // namespace sluice::fuzz
