#include "connectors/webhook/request_body.h"

#include <array>

#include <openssl/evp.h>

#include "gateway/core/cloud_event.h"

namespace sluice::webhook {

RequestBody::RequestBody(Format format, std::string source) : format_(format), source_(std::move(source)) {}

std::size_t RequestBody::fill(std::span<const Record> records, std::size_t bytes_max) {
  SLUICE_ASSERT(!records.empty());
  text_.clear();
  switch (format_) {
    case Format::cloudevents_batch:
      return fill_batch(records, bytes_max);
    case Format::ndjson:
      return fill_lines(records, bytes_max);
    case Format::cloudevents:
      break;
  }
  append_cloud_event(text_, records.front(), source_);
  return 1;
}

std::size_t RequestBody::fill_batch(std::span<const Record> records, std::size_t bytes_max) {
  std::size_t count = 0;
  text_ += '[';
  for (const Record& record : records) {
    const std::size_t before = text_.size();
    if (count > 0) text_ += ',';
    append_cloud_event(text_, record, source_);
    if (count > 0 && text_.size() + 1 > bytes_max) {  // 1: the closing bracket
      text_.resize(before);
      break;
    }
    ++count;
  }
  text_ += ']';
  return count;
}

std::size_t RequestBody::fill_lines(std::span<const Record> records, std::size_t bytes_max) {
  std::size_t count = 0;
  for (const Record& record : records) {
    const std::size_t before = text_.size();
    append_cloud_event(text_, record, source_);
    text_ += '\n';
    if (count > 0 && text_.size() > bytes_max) {
      text_.resize(before);
      break;
    }
    ++count;
  }
  return count;
}

std::string_view RequestBody::content_type() const {
  switch (format_) {
    case Format::cloudevents_batch:
      return "application/cloudevents-batch+json";
    case Format::cloudevents:
      return "application/cloudevents+json";
    case Format::ndjson:
      break;
  }
  return "application/x-ndjson";
}

std::string request_id(std::span<const Record> records) {
  SLUICE_ASSERT(!records.empty());
  if (records.size() == 1) return records.front().id.text();
  std::string ids;
  ids.reserve(records.size() * 16);
  for (const Record& record : records) ids.append(record.id.bytes.begin(), record.id.bytes.end());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  SLUICE_ASSERT(EVP_Digest(ids.data(), ids.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  std::string id = "batch_";
  for (std::size_t i = 0; i < 16; ++i) {
    constexpr std::string_view hex = "0123456789abcdef";
    id += hex[digest[i] >> 4];
    id += hex[digest[i] & 15];
  }
  return id;
}

}  // namespace sluice::webhook
