#pragma once

#include <string>

namespace sluice {

/// TLS of a connection the gateway opens. The peer's chain and host name are always verified; there is no switch.
struct TlsOptions {
  std::string ca_file;      ///< PEM; empty: the machine's own trust store
  std::string cert_file;    ///< PEM, client certificate; with key_file or not at all
  std::string key_file;     ///< PEM
  std::string server_name;  ///< empty: the host in the address
};

}  // namespace sluice
