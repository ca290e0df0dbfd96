#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gateway/core/result.h"
#include "gateway/store/database.h"
#include "gateway/store/store.h"

namespace sluice::store {

/// The receipts of the last 32 768 QoS 1 messages. QoS 1 messages are numbered as they come, those without a receipt
/// too. The newest receipts stand in the ledger's page, which every commit writes anyway, and move to rows of their own
/// by the block: a commit of one message then writes a page less. Belongs to the writing connection, whose transaction
/// it writes in.
class Receipts {
 public:
  static constexpr std::int64_t window = 32'768;

  static Result<Receipts> prepare(const Database& database);

  /// `last` is the number of the last of them.
  Result<> append(std::span<const Receipt> receipts, std::int64_t last);
  Result<> forget();
  /// Those that are in the window when `last` messages have come; the latest of each packet id.
  Result<std::vector<Receipt>> read(std::int64_t last);

 private:
  Result<> read_newest(std::vector<std::uint8_t>& entries);
  Statement newest_, put_newest_, forget_newest_, put_, all_, erase_;
};

}  // namespace sluice::store
