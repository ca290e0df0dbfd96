#include "gateway/app/reload_desk.h"

#include <utility>

namespace sluice::app {

std::optional<Reloaded> ReloadDesk::ask() {
  std::future<std::optional<Reloaded>> done;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || waiting_.size() >= waiting_max) return std::nullopt;
    done = waiting_.emplace_back().get_future();
  }
  ring_();
  return done.get();
}

void ReloadDesk::note() {
  const std::lock_guard lock(mutex_);
  noted_ = true;
}

void ReloadDesk::serve(const std::function<Reloaded()>& reload) {
  std::vector<std::promise<std::optional<Reloaded>>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
    if (!std::exchange(noted_, false) && waiting.empty()) return;
  }
  const Reloaded done = reload();
  for (auto& each : waiting) each.set_value(done);
}

void ReloadDesk::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& each : waiting_) each.set_value(std::nullopt);
  waiting_.clear();
}

}  // namespace sluice::app
