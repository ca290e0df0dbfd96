#pragma once

#include <string>

#include "gateway/api/quarantine.h"
#include "gateway/flow/replay.h"
#include "gateway/store/store.h"

namespace sluice::app {

/// The pages of /api/v1/quarantine. Any thread.
class QuarantinePages {
 public:
  static constexpr std::size_t entries_max = 500;  ///< in one answer, or to be replayed or dropped in one request

  /// `source` is the events' source attribute. What is given must outlive it.
  QuarantinePages(std::string source, store::Store& store, flow::Replay& replay)
      : source_(std::move(source)), store_(store), replay_(replay) {}

  /// Which must not outlive it.
  api::Quarantine doors();

 private:
  api::Response list(const api::Request& request) const;
  api::Response groups(const store::QuarantineFilter& filter, const std::string& by) const;
  api::Response show(std::int64_t id) const;
  api::Response replay(std::int64_t id);
  api::Response drop(std::int64_t id);
  api::Response replay_many(const std::string& body);
  api::Response drop_many(const std::string& body);

  const std::string source_;
  store::Store& store_;
  flow::Replay& replay_;
};

}  // namespace sluice::app
