#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "gateway/core/ports.h"

namespace sluice::cloud_mqtt {

/// How the connection stands, for people. The keeping thread tells, any thread may look.
class LinkStatus {
 public:
  void tell(Link::Health health, std::string why = {}) {
    const std::lock_guard lock(mutex_);
    link_ = {health, std::move(why)};
  }
  Link link() const {
    const std::lock_guard lock(mutex_);
    return link_;
  }

 private:
  mutable std::mutex mutex_;
  Link link_{Link::Health::down, {}};  ///< not connected yet: nothing to complain of
};

}  // namespace sluice::cloud_mqtt
