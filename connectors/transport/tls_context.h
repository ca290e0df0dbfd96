#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/core/result.h"
#include "gateway/core/tls_options.h"

struct ssl_ctx_st;
struct ssl_st;
struct x509_store_ctx_st;

namespace sluice::transport {

struct SslFree {
  void operator()(ssl_st* ssl) const;
  void operator()(ssl_ctx_st* context) const;
};
using Ssl = std::unique_ptr<ssl_st, SslFree>;

/// What all TLS connections to one peer share: whom to trust, what to show. TLS 1.2 or newer; OpenSSL's own
/// verification of chain, dates and name (RFC 9525) during the handshake, before anything is sent. Shared by whoever
/// still uses a connection made with it, in whatever thread.
class TlsContext {
 public:
  /// Reads the files. `host` is the name the certificate must bear, if `options` name none. `protocol` is asked for by
  /// ALPN (RFC 7301); empty: none.
  static Result<std::shared_ptr<TlsContext>> make(const TlsOptions& options, const std::string& host,
                                                  std::string_view protocol = {});
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  Ssl connection(int socket) const;
  /// For a library that makes its own connections, whatever name that asks for. It stays ours.
  ssl_ctx_st* get() const { return context_.get(); }

  const std::string& server_name() const { return server_name_; }
  /// Why the peer's certificate was refused since the last call, in words; empty if it was not. Any thread.
  std::string take_refusal();

 private:
  using Context = std::unique_ptr<ssl_ctx_st, SslFree>;
  TlsContext(Context context, std::string server_name);
  static int verify(x509_store_ctx_st* store, void* self);
  static void ask_for_name(const ssl_st* ssl, int where, int);

  Context context_;
  std::string server_name_;
  std::mutex mutex_;  ///< guards refusal_
  std::string refusal_;
};

/// What OpenSSL has to say of its last error in this thread, in words; empties its list.
std::string openssl_complaint();

}  // namespace sluice::transport
