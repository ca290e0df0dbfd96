#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/api/http_server.h"
#include "gateway/api/picture.h"

namespace sluice::api {

/// What the HTTP interface answers. Who may: the Host header must be loopback or listed; reading on loopback is open,
/// from elsewhere it needs the token. /healthz and /readyz are open. Any thread.
class Api {
 public:
  struct Options {
    std::string token;               ///< empty: nobody from elsewhere may read
    std::vector<std::string> hosts;  ///< lower case; names it answers to, beside loopback
  };

  Api(Options options, std::function<Picture()> picture);

  Response answer(const Request& request) const;

 private:
  bool known_host(const Request& request) const;
  bool may_read(const Request& request) const;

  const Options options_;
  const std::function<Picture()> picture_;
};

}  // namespace sluice::api
