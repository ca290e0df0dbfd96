#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "gateway/api/http_server.h"

namespace sluice::api {

/// Quarantine, as the HTTP interface meets it: answers of whole requests that are admitted. Where a function is not
/// given, what it stands for is not there (404). All are called by any thread, several at a time.
struct Quarantine {
  /// The entries, or their counts; by the query.
  std::function<Response(const Request& request)> list;
  std::function<Response(std::int64_t id)> show, replay, drop;
  /// The same for several, whose ids stand in the body.
  std::function<Response(const std::string&body)> replay_many, drop_many;
};

}  // namespace sluice::api
