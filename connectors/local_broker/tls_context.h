#pragma once

#include <memory>
#include <string>

#include "gateway/core/result.h"
#include "gateway/core/tls_options.h"

struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace sluice::local_broker {

/// How the broker's certificate is verified and which one the gateway shows: OpenSSL's own verification of chain, dates
/// and name (RFC 9525), TLS 1.2 at least, on an SSL_CTX that libmosquitto is handed. Its own check is not used: it
/// knows neither a name other than the address's host nor the machine's trust store by OpenSSL's environment variables.
/// One thread; outlives every client made with it.
class TlsContext {
 public:
  /// Reads the files. `host`: as in the address, unless `options` name another.
  static Result<std::unique_ptr<TlsContext>> make(const TlsOptions& options, const std::string& host);
  ~TlsContext();

  ssl_ctx_st* get() const { return context_; }
  const std::string& server_name() const { return server_name_; }
  /// Why the certificate was refused since the last call, in words; empty if it was not.
  std::string take_failure();

 private:
  TlsContext(ssl_ctx_st* context, std::string server_name);
  Result<> load(const TlsOptions& options);
  Result<> expect_name();
  static int verify(x509_store_ctx_st* store, void* self);

  ssl_ctx_st* context_;
  const std::string server_name_;
  std::string failure_;
};

}  // namespace sluice::local_broker
