#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gateway/api/command_post.h"
#include "gateway/api/downlink.h"
#include "gateway/api/http_server.h"
#include "gateway/api/picture.h"
#include "gateway/api/quarantine.h"
#include "gateway/api/refusal_log.h"

namespace sluice::api {

struct Route;

/// What the HTTP interface answers. Who may: the Host header must be loopback or listed; reading on loopback is open,
/// from elsewhere it needs the token; /healthz and /readyz are open. What changes something needs the token always,
/// JSON as its Content-Type, and must not come from a foreign web page (admission.h); a refused change is logged.
/// Nothing is ever allowed to another origin: there are no CORS headers, and a preflight is answered 405. Any thread.
class Api {
 public:
  struct Options {
    std::string token;               ///< empty: nobody may change anything, nor read from elsewhere
    std::vector<std::string> hosts;  ///< lower case; names it answers to, beside loopback
  };

  /// `log`, where given, outlives it and hears of refused changes.
  Api(Options options, std::function<Picture()> picture, Downlink downlink = {}, Log* log = nullptr,
      Quarantine quarantine = {});

  /// What answers POST /api/v1/reload once its sender may; blocks until it is done. Before the first request.
  void on_reload(std::function<Response()> reload) { reload_ = std::move(reload); }
  /// These count for all requests that come from now on.
  void change(Options options);

  /// Blocks while a command is made durable, and for as long as its sender wishes to wait for the outcome (at most
  /// CommandPost::wait_max; at most CommandPost::waits_max do so at a time).
  Response answer(const Request& request);

 private:
  bool exists(const Route& route) const;
  bool takes_command(const Route& route) const;
  std::vector<std::string> methods_of(const Route& route) const;
  Response read(const Request& request, const Route& route) const;
  Response change(const Request& request, const Route& route);
  std::shared_ptr<const Options> options() const;

  mutable std::mutex mutex_;  ///< guards options_
  std::shared_ptr<const Options> options_;
  std::function<Response()> reload_;
  const std::function<Picture()> picture_;
  const Downlink downlink_;
  const Quarantine quarantine_;
  CommandPost command_post_;
  RefusalLog refusals_;
};

}  // namespace sluice::api
