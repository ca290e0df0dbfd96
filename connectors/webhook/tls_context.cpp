#include "connectors/webhook/tls_context.h"

#include <csignal>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace sluice::webhook {

namespace {

bool is_ip(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 || inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

Error complaint(const char* key, const std::string& file) {
  return config_error(std::string(key) + " " + file + " cannot be used: " + openssl_complaint());
}

Result<> read_trust(SSL_CTX* context, const TlsOptions& options) {
  if (options.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return config_error("the machine's trust store cannot be read: " + openssl_complaint());
  } else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
    return complaint("tls.ca_file", options.ca_file);
  }
  return {};
}

Result<> read_identity(SSL_CTX* context, const TlsOptions& options) {
  if (options.cert_file.empty() != options.key_file.empty())
    return config_error("tls.cert_file and tls.key_file go together");
  if (options.cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1)
    return complaint("tls.cert_file", options.cert_file);
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return complaint("tls.key_file", options.key_file);
  return {};
}

bool demand_name(SSL_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* rules = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return is_ip(name) ? X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1
                     : X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size()) == 1;
}

/// A key file with a passphrase must not stop a service at a prompt on a terminal it does not have.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

void SslFree::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}
void SslFree::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

std::string openssl_complaint() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  if (ERR_SYSTEM_ERROR(code)) return std::string(strerror(ERR_GET_REASON(code)));
  return reason != nullptr ? reason : "no reason given";
}

TlsContext::TlsContext(Context context, std::string server_name)
    : context_(std::move(context)), server_name_(std::move(server_name)) {}

Result<TlsContext> TlsContext::make(const TlsOptions& options, const std::string& host) {
  ERR_clear_error();
  // OpenSSL writes to sockets with write(2), which has no MSG_NOSIGNAL: a peer that is gone must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  Context context(SSL_CTX_new(TLS_client_method()));
  SLUICE_ASSERT(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  constexpr unsigned char http1[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.get(), http1, sizeof http1 - 1);
  if (const Result<> read = read_trust(context.get(), options); !read) return read.error();
  if (const Result<> read = read_identity(context.get(), options); !read) return read.error();
  std::string name = options.server_name.empty() ? host : options.server_name;
  if (!demand_name(context.get(), name)) return config_error("tls.server_name " + name + " is not a host name");
  return TlsContext(std::move(context), std::move(name));
}

Ssl TlsContext::connection(int socket) const {
  Ssl ssl(SSL_new(context_.get()));
  SLUICE_ASSERT(ssl != nullptr && SSL_set_fd(ssl.get(), socket) == 1);  // SSL_free leaves the socket open
  if (!is_ip(server_name_)) SSL_set_tlsext_host_name(ssl.get(), server_name_.c_str());  // RFC 6066: never an address
  return ssl;
}

}  // namespace sluice::webhook
