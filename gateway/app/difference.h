#pragma once

#include <string>
#include <vector>

#include "gateway/app/setup.h"

namespace sluice::app {

/// What another setup has otherwise than the present one.
struct Difference {
  bool schemas = false;       ///< or what is done where none applies, or the time zone
  bool subscription = false;  ///< the filters at the local broker
  bool taking = false;        ///< local_broker.retained, buffer.commit_wait
  bool connection = false;    ///< to the local broker, or the files it is made with
  bool commands = false;
  bool limits = false;  ///< of buffer and quarantine
  bool api = false;
  bool log_level = false;
  std::vector<std::string> added, changed, removed;  ///< clouds

  /// One line each, for people; nothing where nothing is changed.
  std::vector<std::string> words() const;
};
Difference difference(const Setup& now, const Setup& next);

/// Adds a problem for everything that only a restart can change.
void refuse_what_needs_a_restart(const Config& now, const Config& next, normalize::Problems& problems);

}  // namespace sluice::app
