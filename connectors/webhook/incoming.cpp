#include "connectors/webhook/incoming.h"

#include <charconv>
#include <optional>

#include <openssl/crypto.h>
#include <zlib.h>

#include "connectors/webhook/webhook_sink.h"

namespace sluice::webhook {

namespace {

constexpr std::int64_t tolerance_s = 300;

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// `webhook-signature` is a list of signatures with blanks between them: one that fits is enough.
bool any_fits(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::size_t end = list.find(' ');
    if (same(list.substr(0, end), wanted)) return true;
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  }
  return false;
}

Result<std::string> unfold(std::string_view packed, std::size_t size_max) {
  z_stream stream{};
  constexpr int gzip_only = 16 + MAX_WBITS;
  if (inflateInit2(&stream, gzip_only) != Z_OK) return unavailable("zlib has no memory");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= size_max) {
    const std::size_t had = out.size();
    out.resize(had + 64 * 1024);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = 64 * 1024;
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > size_max) return invalid("the body is larger than " + std::to_string(size_max) + " bytes");
  if (state != Z_STREAM_END) return invalid("the body is not gzip");
  return out;
}

}  // namespace

Result<std::string> open_body(const std::function<std::string(std::string_view)>& header, std::string_view body,
                              std::string_view secret, Timestamp now, std::size_t size_max) {
  if (!secret.empty()) {
    const auto key = signing_key(secret);
    if (!key) return key.error();
    const auto sent_at = number(header("webhook-timestamp"));
    if (!sent_at) return invalid("no webhook-timestamp");
    const auto now_s = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (*sent_at < now_s - tolerance_s || *sent_at > now_s + tolerance_s)
      return invalid("webhook-timestamp is more than five minutes away from now");
    if (!any_fits(header("webhook-signature"), signature(*key, header("webhook-id"), *sent_at, body)))
      return invalid("webhook-signature does not fit");
  }
  if (header("content-encoding") == "gzip") return unfold(body, size_max);
  return std::string(body);
}

}  // namespace sluice::webhook
