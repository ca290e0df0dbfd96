#pragma once

#include <thread>

#include "tests/stage/certificates.h"

struct ssl_ctx_st;

namespace sluice::local_broker {

/// A TLS server on 127.0.0.1 that passes everything on to a plain port, one connection after the other. It gathers many
/// packets into one TLS record, as some brokers do (mosquitto writes each by itself).
class TlsRelay {
 public:
  TlsRelay(const stage::Certificate& certificate, int target_port);
  ~TlsRelay();
  TlsRelay(const TlsRelay&) = delete;
  TlsRelay& operator=(const TlsRelay&) = delete;

  int port() const { return port_; }

 private:
  void run(const std::stop_token& stop) const;
  void serve(int client, const std::stop_token& stop) const;

  ssl_ctx_st* context_;
  const int target_port_;
  int listener_ = -1;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace sluice::local_broker
