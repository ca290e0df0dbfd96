#pragma once

#include <cstdint>
#include <filesystem>

#include "gateway/app/line.h"

namespace sluice::app {

/// What the broker of a trial publishes next: messages from `first` on, to be made safe in one commit.
struct TrialOrder {
  std::uint64_t first = 0, count = 0;
  std::uint64_t resent_through = 0;  ///< up to this number they were sent to a gateway that was killed
};

/// What the gateway tells the broker.
struct TrialAnswer {
  enum class Kind { ready, stored, failed };
  Kind kind = Kind::failed;
  std::uint64_t through = 0;  ///< stored: the last one, which the broker may forget
  std::int64_t micros = 0;    ///< stored: what accept() took; ready: what a bare sync of 4 KiB takes
  std::int64_t written = -1;  ///< bytes to the disk, by this process, so far; -1: not known
  char why[300] = {};         ///< failed
};

/// What the cloud tells the gateway about a piece of events.
enum class TrialVerdict : std::uint8_t { taken, away };

/// The body of a process that may be killed at any moment: a gateway's store, way in and way out, as `run` has them,
/// between two lines in place of broker and cloud. Ends once the broker's end of its line is finished and the cloud has
/// everything. Returns false, and has told why, where the disk failed.
bool run_trial_gateway(const std::filesystem::path& data_dir, const Line& broker, const Line& cloud);

}  // namespace sluice::app
