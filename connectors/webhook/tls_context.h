#pragma once

#include <memory>
#include <string>

#include "gateway/core/result.h"
#include "gateway/core/tls_options.h"

struct ssl_ctx_st;
struct ssl_st;

namespace sluice::webhook {

struct SslFree {
  void operator()(ssl_st* ssl) const;
  void operator()(ssl_ctx_st* context) const;
};
using Ssl = std::unique_ptr<ssl_st, SslFree>;

/// What all TLS connections to one endpoint share: whom to trust, what to show. TLS 1.2 or newer; the chain and the
/// host name are verified during the handshake, before anything is sent.
class TlsContext {
 public:
  /// Reads the files. `host` is the name the certificate must bear, if `options` name none.
  static Result<TlsContext> make(const TlsOptions& options, const std::string& host);

  Ssl connection(int socket) const;
  const std::string& server_name() const { return server_name_; }

 private:
  using Context = std::unique_ptr<ssl_ctx_st, SslFree>;
  TlsContext(Context context, std::string server_name);

  Context context_;
  std::string server_name_;
};

/// What OpenSSL has to say of its last error in this thread, in words; empties its list.
std::string openssl_complaint();

}  // namespace sluice::webhook
