#include "connectors/webhook/gzip.h"

#include <zlib.h>

#include "gateway/core/assert.h"

namespace sluice::webhook {

struct Gzip::Stream {
  z_stream z{};
};

Gzip::Gzip() : stream_(std::make_unique<Stream>()) {
  constexpr int window_bits = 15 + 16;  // 16: with gzip's header and trailer
  constexpr int memory_level = 8;
  SLUICE_ASSERT(deflateInit2(&stream_->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, memory_level,
                             Z_DEFAULT_STRATEGY) == Z_OK);
}

Gzip::~Gzip() {
  deflateEnd(&stream_->z);
}

const std::string& Gzip::compress(std::string_view body) {
  z_stream& z = stream_->z;
  SLUICE_ASSERT(deflateReset(&z) == Z_OK);
  out_.resize(deflateBound(&z, body.size()));
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib reads it only
  z.avail_in = static_cast<uInt>(body.size());
  z.next_out = reinterpret_cast<Bytef*>(out_.data());
  z.avail_out = static_cast<uInt>(out_.size());
  SLUICE_ASSERT(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out_.resize(z.total_out);
  return out_;
}

}  // namespace sluice::webhook
