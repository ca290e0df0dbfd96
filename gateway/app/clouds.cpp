#include "gateway/app/clouds.h"

#include <algorithm>
#include <utility>

namespace sluice::app {

Result<> Clouds::admit(const std::vector<Part>& parts) {
  std::vector<std::string> names;
  for (const Part& part : parts) names.push_back(part.cloud.name);
  for (const Runners* each : {&runners_, &retired_})
    for (const auto& runner : *each) names.push_back(runner->name());
  forgetful_ = forgetful_ || !runners_.empty();
  return know(names);
}

Result<> Clouds::know(const std::vector<std::string>& names) {
  const auto forgotten = store_.keep_clouds(names);
  if (!forgotten) return forgotten.error();
  for (const auto& [cloud, backlog] : *forgotten)
    log_.warning("gateway", "cloud '" + cloud + "' is gone from the configuration; " + std::to_string(backlog) +
                                " records that waited for it are let go");
  return {};
}

/// The one that works under this name, taken out; null if there is none.
std::unique_ptr<CloudRunner> Clouds::take(const std::string& name) {
  const auto found = std::ranges::find(runners_, name, [](const auto& each) { return each ? each->name() : ""; });
  return found == runners_.end() ? nullptr : std::exchange(*found, nullptr);
}

void Clouds::change(std::vector<Part> parts) {
  replace(std::move(parts));
  for (const auto& former : retired_) former->request_stop();
}

void Clouds::replace(std::vector<Part> parts) {
  const std::lock_guard lock(mutex_);
  Runners next;
  for (Part& part : parts) {
    std::unique_ptr<CloudRunner> present = take(part.cloud.name);
    if (present && !part.ends) {
      next.push_back(std::move(present));
      continue;
    }
    SLUICE_ASSERT(part.ends.has_value());
    next.push_back(
        std::make_unique<CloudRunner>(std::move(part.cloud), std::move(*part.ends), store_, acceptor_, clock_, log_));
    if (!present) continue;
    next.back()->begin_as(present->state());
    retired_.push_back(std::move(present));
  }
  for (auto& gone : runners_) {
    if (!gone) continue;
    retired_.push_back(std::move(gone));
    forgetful_ = true;
  }
  runners_ = std::move(next);
}

void Clouds::step() {
  std::erase_if(retired_, [](const auto& runner) { return runner->ended(); });
  for (const auto& runner : runners_) {
    const bool waits = std::ranges::find(retired_, runner->name(), &CloudRunner::name) != retired_.end();
    if (runner->started())
      runner->look();
    else if (!waits)
      runner->start();  // its link gets a moment before it counts as down
  }
  if (forgetful_ && settled()) forget();
}

void Clouds::forget() {
  std::vector<std::string> names;
  for (const auto& runner : runners_) names.push_back(runner->name());
  forgetful_ = !know(names);  // tried again; the disk's trouble is told elsewhere
}

void Clouds::request_stop() {
  for (const auto& runner : runners_) runner->request_stop();
}

bool Clouds::ended() const {
  const auto has_ended = [](const auto& runner) { return runner->ended(); };
  return std::ranges::all_of(runners_, has_ended) && std::ranges::all_of(retired_, has_ended);
}

std::vector<std::string> Clouds::paused() const {
  std::vector<std::string> names;
  for (const flow::CloudState& state : states())
    if (state.health == flow::CloudState::Health::paused) names.push_back(state.name);
  return names;
}

std::vector<flow::CloudState> Clouds::states() const {
  const std::lock_guard lock(mutex_);
  std::vector<flow::CloudState> states;
  for (const auto& runner : runners_) states.push_back(runner->state());
  return states;
}

void Clouds::wake_answers() {
  const std::lock_guard lock(mutex_);
  for (const auto& runner : runners_) runner->wake_answers();
}

}  // namespace sluice::app
