#include "gateway/app/stop_signal.h"

#include <cstdlib>
#include <utility>

#include <signal.h>

#include "gateway/app/exit_code.h"

namespace sluice::app {

namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, each);
  return signals;
}

}  // namespace

void prepare_signals() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  const sigset_t taken = stop_signals();
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
}

StopSignal::StopSignal(Duration most, std::function<void()> overdue, std::function<void()> hangup)
    : overdue_(std::move(overdue)), hangup_(std::move(hangup)), thread_([this, most] { watch(most); }) {}

StopSignal::~StopSignal() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool StopSignal::wait(Duration time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return come_ || woken_; });
  woken_ = false;
  return come_;
}

void StopSignal::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void StopSignal::watch(Duration most) {
  const sigset_t signals = stop_signals();
  constexpr timespec interval{0, 50'000'000};
  for (int signal = 0; signal != SIGTERM && signal != SIGINT;) {
    signal = sigtimedwait(&signals, nullptr, &interval);
    if (signal == SIGHUP) {
      hangup_();
      wake();
    }
    const std::lock_guard lock(mutex_);
    if (over_) return;
  }
  std::unique_lock lock(mutex_);
  come_ = true;
  changed_.notify_all();
  if (changed_.wait_for(lock, most, [this] { return over_; })) return;
  overdue_();
  std::_Exit(exit_ok);
}

}  // namespace sluice::app
