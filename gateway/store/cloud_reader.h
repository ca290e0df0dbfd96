#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gateway/core/result.h"
#include "gateway/store/books.h"
#include "gateway/store/database.h"
#include "gateway/store/store.h"

namespace sluice::store {

/// One cloud's own connection to the log. Any thread, one at a time by its lock; holds no transaction between calls.
class CloudReader {
 public:
  static Result<std::shared_ptr<CloudReader>> open(const std::filesystem::path& file, const std::string& vfs);

  /// Records after `from` and up to `to`; empty only if there is none.
  Result<Page> page(Mark from, Mark to, const Store::ReadLimits& limits);
  /// The mark of one record; none if its row is gone.
  Result<std::optional<Mark>> mark(std::int64_t seq);
  /// When the first record after `from` was accepted.
  Result<std::optional<Timestamp>> oldest(Mark from);

 private:
  std::mutex mutex_;
  Database database_;
  Statement page_, mark_, oldest_;
};

}  // namespace sluice::store
