#pragma once

#include <string>
#include <vector>

namespace sluice::transport {

/// Keeps secrets out of texts that quote a peer: some repeat in their answers what they were sent.
class Redaction {
 public:
  /// Texts too short to be secrets are left alone, or they would blot out every answer.
  void add(std::string secret);
  std::string apply(std::string text) const;

 private:
  std::vector<std::string> secrets_;
};

}  // namespace sluice::transport
