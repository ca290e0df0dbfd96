#pragma once

namespace sluice::mqtt {

/// Wakes a poll(2): an eventfd. call() from any thread, the rest from the one that polls.
class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  int descriptor() const { return descriptor_; }
  void call() noexcept;
  void clear() noexcept;

 private:
  int descriptor_;
};

}  // namespace sluice::mqtt
