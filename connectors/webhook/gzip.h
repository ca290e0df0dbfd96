#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace sluice::webhook {

/// Compresses whole bodies (RFC 1952, without a time stamp: the same body always becomes the same bytes). Keeps its
/// window between calls. One thread.
class Gzip {
 public:
  Gzip();
  ~Gzip();

  /// Valid until the next call.
  const std::string& compress(std::string_view body);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  std::string out_;
};

}  // namespace sluice::webhook
