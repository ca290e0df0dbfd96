#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/record.h"

namespace sluice::flow {

/// `uplink.only`: which records a cloud wants. An empty list wants all. In a pattern `*` is any text, `/` too.
struct Only {
  std::vector<std::string> devices, schemas;
  std::vector<RecordKind> kinds;
  bool originals = false;  ///< only what carries the device's own payload

  bool wants(const Record& record) const;
};

bool matches(std::string_view pattern, std::string_view text);

}  // namespace sluice::flow
