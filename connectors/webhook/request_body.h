#pragma once

#include <span>
#include <string>
#include <string_view>

#include "connectors/webhook/webhook_sink.h"

namespace sluice::webhook {

/// The events of one request as text, in the cloud's format. Its memory is used again for the next one. One thread.
class RequestBody {
 public:
  RequestBody(Format format, std::string source);

  /// Writes the first records of `records`, as many as fit into `bytes_max`, but always one; says how many.
  std::size_t fill(std::span<const Record> records, std::size_t bytes_max);

  const std::string& text() const { return text_; }
  std::string_view content_type() const;

 private:
  std::size_t fill_batch(std::span<const Record> records, std::size_t bytes_max);
  std::size_t fill_lines(std::span<const Record> records, std::size_t bytes_max);

  Format format_;
  std::string source_;
  std::string text_;
};

/// What a receiver recognises a repeated request by: the record's own id, or a digest of several. The same records have
/// the same name, however often they are sent.
std::string request_id(std::span<const Record> records);

}  // namespace sluice::webhook
