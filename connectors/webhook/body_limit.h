#pragma once

#include <algorithm>
#include <cstddef>

namespace sluice::webhook {

/// How large a request's body may be: what the options say, less what the endpoint has refused (413). Grows back while
/// requests are accepted, because one large record must not make every later request small.
class BodyLimit {
 public:
  explicit BodyLimit(std::size_t most) : most_(most), now_(most) {}

  std::size_t now() const { return now_; }

  void refused(std::size_t size) {
    now_ = std::max<std::size_t>(size / 2, 1);
    accepted_ = 0;
  }

  void accepted() {
    if (now_ == most_ || ++accepted_ < accepted_before_growth) return;
    now_ = std::min(now_ * 2, most_);
    accepted_ = 0;
  }

 private:
  static constexpr int accepted_before_growth = 16;

  std::size_t most_, now_;
  int accepted_ = 0;
};

}  // namespace sluice::webhook
