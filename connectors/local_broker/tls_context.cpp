#include "connectors/local_broker/tls_context.h"

#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace sluice::local_broker {
namespace {

Error unreadable(const std::string& key, const std::string& file) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return config_error("local_broker.tls." + key + ": cannot use '" + file + "'" +
                      (reason == nullptr ? "" : ": " + std::string(reason)));
}

}  // namespace

TlsContext::TlsContext(ssl_ctx_st* context, std::string server_name)
    : context_(context), server_name_(std::move(server_name)) {
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context_, &TlsContext::verify, this);
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

Result<std::unique_ptr<TlsContext>> TlsContext::make(const TlsOptions& options, const std::string& host) {
  ssl_ctx_st* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return config_error("OpenSSL cannot make a TLS context");
  std::unique_ptr<TlsContext> made(new TlsContext(context, options.server_name.empty() ? host : options.server_name));
  if (Result<> loaded = made->load(options); !loaded) return loaded.error();
  if (Result<> named = made->expect_name(); !named) return named.error();
  return made;
}

Result<> TlsContext::load(const TlsOptions& options) {
  ERR_clear_error();
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context_);
  } else if (SSL_CTX_load_verify_file(context_, options.ca_file.c_str()) != 1) {
    return unreadable("ca_file", options.ca_file);
  }
  if (options.cert_file.empty() != options.key_file.empty())
    return config_error("local_broker.tls: cert_file and key_file go together");
  if (options.cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context_, options.cert_file.c_str()) != 1)
    return unreadable("cert_file", options.cert_file);
  if (SSL_CTX_use_PrivateKey_file(context_, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return unreadable("key_file", options.key_file);
  return {};
}

Result<> TlsContext::expect_name() {
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context_);
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // An address is looked for among the certificate's addresses, everything else among its names.
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, server_name_.c_str()) == 1) return {};
  ERR_clear_error();
  if (X509_VERIFY_PARAM_set1_host(parameters, server_name_.c_str(), server_name_.size()) == 1) return {};
  return config_error("local_broker.tls.server_name: '" + server_name_ + "' is not a host's name");
}

int TlsContext::verify(x509_store_ctx_st* store, void* self) {
  const int verified = X509_verify_cert(store);
  if (verified > 0) return 1;
  const int error = X509_STORE_CTX_get_error(store);
  auto& context = *static_cast<TlsContext*>(self);
  context.failure_ = std::string("TLS: the broker's certificate is refused: ") + X509_verify_cert_error_string(error);
  if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH)
    context.failure_ += " (it is not for '" + context.server_name_ + "'; see local_broker.tls.server_name)";
  if (error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
      error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
    context.failure_ += " (its authority is not known; see local_broker.tls.ca_file)";
  return 0;
}

std::string TlsContext::take_failure() {
  return std::exchange(failure_, {});
}

}  // namespace sluice::local_broker
