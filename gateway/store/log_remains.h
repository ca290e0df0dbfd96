#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "gateway/core/result.h"
#include "gateway/store/page_rows.h"

namespace sluice::store {

/// What is left of table `log` in a damaged file: every row that lies whole in some page, whether a tree still leads
/// there or not. A row of it is never changed but for its times, so that an old copy is as good as the newest. Its
/// pages are read twice: to find the rows, and to hand them out in order.
class LogRemains {
 public:
  using Take = std::function<Result<>(const PageRows::Row&)>;

  explicit LogRemains(PageFile& file) : file_(file) {}

  /// Finds them; what else lies in the pages goes to `other`.
  Result<> find(const Take& other);

  /// Chooses those behind `after`, each number once. Where the last number is known (`tail`), none behind it counts
  /// but those that follow it with no larger gap than this.
  void choose(std::int64_t after, std::optional<std::int64_t> tail, std::int64_t gap_max = 0);

  /// The chosen ones: how many have a larger number than this, the last one (0: none), and all in order.
  std::int64_t count_after(std::int64_t number) const;
  std::int64_t last() const { return runs_.empty() ? 0 : runs_.back().last; }
  Result<> each(const Take& take);

 private:
  static constexpr std::size_t runs_max = 4'000'000;
  /// Numbers without a gap, in one page.
  struct Run {
    std::int64_t first, last;
    std::uint32_t page;
  };

  PageFile& file_;
  std::vector<Run> runs_;
};

/// The columns of a row of table `log`, by their place.
namespace log_column {
enum : std::size_t { end_bytes = 1, id, dated, kind, time, device, schema, data, payload, boot_at };
}

}  // namespace sluice::store
