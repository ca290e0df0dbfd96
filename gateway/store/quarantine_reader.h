#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/result.h"
#include "gateway/store/database.h"
#include "gateway/store/store.h"

namespace sluice::store {

/// Tables `quarantine` and `sent_again` for those who only read, on a connection of their own: who walks through all of
/// it is in nobody's way. Any thread, one at a time by its lock; holds no transaction between calls.
class QuarantineReader {
 public:
  static Result<std::unique_ptr<QuarantineReader>> open(const std::filesystem::path& file, const std::string& vfs);

  Result<QuarantinePage> page(const QuarantineFilter& filter, const QuarantineStretch& stretch);
  /// Walks through all; bounded by the bytes of the groups.
  Result<QuarantineGroups> groups(const QuarantineFilter& filter, const QuarantineBy& by);
  Result<std::optional<QuarantineEntry>> find(std::int64_t id);

  /// What is to be sent to this cloud again.
  Result<Page> again(std::string_view cloud, const Store::ReadLimits& limits);
  /// When the first of that was accepted.
  Result<std::optional<Timestamp>> oldest_again(std::string_view cloud);

 private:
  std::mutex mutex_;
  Database database_;
  Statement newest_, oldest_, find_, again_, oldest_again_;
};

}  // namespace sluice::store
