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
  /// What is wrong although the connection stands; empty: nothing.
  void trouble(std::string why) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(why);
  }
  Link link() const {
    const std::lock_guard lock(mutex_);
    if (link_.health == Link::Health::up && !trouble_.empty()) return {Link::Health::down, trouble_};
    return link_;
  }
  /// Whether the connection itself stands.
  bool up() const {
    const std::lock_guard lock(mutex_);
    return link_.health == Link::Health::up;
  }

 private:
  mutable std::mutex mutex_;
  Link link_{Link::Health::down, {}};  ///< not connected yet: nothing to complain of
  std::string trouble_;
};

}  // namespace sluice::cloud_mqtt
