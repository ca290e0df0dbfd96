#include "connectors/transport/tls_context.h"

#include <chrono>
#include <csignal>
#include <utility>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "gateway/core/clock.h"
#include "gateway/core/time_text.h"

namespace sluice::transport {

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

/// Where a context keeps the TlsContext it belongs to.
int own_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// RFC 7301 section 3.1: each name with its length before it.
bool offer(SSL_CTX* context, std::string_view protocol) {
  if (protocol.empty()) return true;
  if (protocol.size() > 255) return false;
  const std::string list = static_cast<char>(protocol.size()) + std::string(protocol);
  return SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(list.data()),
                                 static_cast<unsigned int>(list.size())) == 0;
}

std::string this_clock() {
  std::string text = "this machine's clock says ";
  append_rfc3339(text, std::chrono::floor<Duration>(std::chrono::system_clock::now()));
  return text;
}

std::string refusal_words(int error, const std::string& server_name) {
  const std::string words = X509_verify_cert_error_string(error);
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return words + " (it is not for '" + server_name + "'; is the address right?)";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return words + " (its authority is not known; name the authority's certificate in tls.ca_file)";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return words + " (" + this_clock() + ")";
    default:
      return words;
  }
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
    : context_(std::move(context)), server_name_(std::move(server_name)) {
  SSL_CTX_set_ex_data(context_.get(), own_index(), this);
  SSL_CTX_set_cert_verify_callback(context_.get(), &TlsContext::verify, this);
  SSL_CTX_set_info_callback(context_.get(), &TlsContext::ask_for_name);
}

Result<std::shared_ptr<TlsContext>> TlsContext::make(const TlsOptions& options, const std::string& host,
                                                     std::string_view protocol) {
  ERR_clear_error();
  // OpenSSL writes to sockets with write(2), which has no MSG_NOSIGNAL: a peer that is gone must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  Context context(SSL_CTX_new(TLS_client_method()));
  SLUICE_ASSERT(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  if (!offer(context.get(), protocol)) return config_error("'" + std::string(protocol) + "' is no ALPN protocol");
  if (const Result<> read = read_trust(context.get(), options); !read) return read.error();
  if (const Result<> read = read_identity(context.get(), options); !read) return read.error();
  std::string name = options.server_name.empty() ? host : options.server_name;
  if (!demand_name(context.get(), name)) return config_error("tls.server_name " + name + " is not a host name");
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(context), std::move(name)));
}

Ssl TlsContext::connection(int socket) const {
  Ssl ssl(SSL_new(context_.get()));
  SLUICE_ASSERT(ssl != nullptr && SSL_set_fd(ssl.get(), socket) == 1);  // SSL_free leaves the socket open
  return ssl;
}

/// By SNI, unless it is an address (RFC 6066 section 3). Done as a handshake begins, so that it holds for connections
/// which a library makes with a name of its own.
void TlsContext::ask_for_name(const ssl_st* ssl, int where, int) {
  if (where != SSL_CB_HANDSHAKE_START) return;
  const auto& self = *static_cast<TlsContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), own_index()));
  const char* name = is_ip(self.server_name_) ? nullptr : self.server_name_.c_str();
  SSL_set_tlsext_host_name(const_cast<ssl_st*>(ssl), name);
}

int TlsContext::verify(x509_store_ctx_st* store, void* self) {
  if (X509_verify_cert(store) > 0) return 1;
  auto& context = *static_cast<TlsContext*>(self);
  std::string words =
      "its certificate is refused: " + refusal_words(X509_STORE_CTX_get_error(store), context.server_name_);
  const std::lock_guard lock(context.mutex_);
  context.refusal_ = std::move(words);
  return 0;
}

std::string TlsContext::take_refusal() {
  const std::lock_guard lock(mutex_);
  return std::exchange(refusal_, {});
}

}  // namespace sluice::transport
