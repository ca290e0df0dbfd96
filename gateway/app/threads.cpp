#include "gateway/app/threads.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <pthread.h>

namespace sluice::app {

Threads::~Threads() {
  request_stop();
  for (std::thread& thread : threads_) thread.join();
}

void Threads::start(std::string name, Body body) {
  running_ += 1;
  std::thread& thread = threads_.emplace_back([this, body = std::move(body)] {
    body(stop_.get_token());
    running_ -= 1;
  });
  name.resize(std::min<std::size_t>(name.size(), 15));  // the kernel's limit
  pthread_setname_np(thread.native_handle(), name.c_str());
}

void rest(Duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace sluice::app
