#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/app/cloud_runner.h"

namespace sluice::app {

/// All clouds at work. They can be changed while they work: each by itself, and those that stay the same notice
/// nothing. Belongs to one thread; states() and wake_answers() are for any.
class Clouds {
 public:
  /// What is given must outlive it.
  Clouds(store::Store& store, CommandAcceptor& acceptor, const Clock& clock, Log& log)
      : store_(store), acceptor_(acceptor), clock_(clock), log_(log) {}

  /// Of each cloud there shall be: its connector, or none where it goes on as it is.
  struct Part {
    Cloud cloud;
    std::optional<CloudEnds> ends;
  };

  /// Makes the store know these clouds beside those there are: a new one begins at the present end of the outbox.
  /// Errors: storage.
  Result<> admit(const std::vector<Part>& parts);
  /// From now on there are these, all admitted. What is not among them, or comes with a new connector, is asked to end;
  /// a successor begins when its predecessor has ended, and what is gone is forgotten then, with what waited for it.
  void change(std::vector<Part> parts);

  /// Begins what can begin, forgets what has ended. Now and then.
  void step();
  /// Whether nothing is left of former clouds.
  bool settled() const { return retired_.empty(); }

  void request_stop();
  bool ended() const;

  std::vector<std::string> paused() const;
  std::vector<flow::CloudState> states() const;
  void wake_answers();

 private:
  using Runners = std::vector<std::unique_ptr<CloudRunner>>;
  std::unique_ptr<CloudRunner> take(const std::string& name);
  void replace(std::vector<Part> parts);
  Result<> know(const std::vector<std::string>& names);
  void forget();

  store::Store& store_;
  CommandAcceptor& acceptor_;
  const Clock& clock_;
  Log& log_;
  mutable std::mutex mutex_;  ///< guards runners_ against threads that only look
  Runners runners_;           ///< in the configuration's order
  Runners retired_;           ///< asked to end
  bool forgetful_ = false;    ///< the store knows clouds that there are no more
};

}  // namespace sluice::app
