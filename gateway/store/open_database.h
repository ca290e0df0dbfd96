#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/result.h"
#include "gateway/store/cloud_reader.h"
#include "gateway/store/data_folder.h"
#include "gateway/store/quarantine_reader.h"
#include "gateway/store/store.h"
#include "gateway/store/writer.h"

namespace sluice::store {

/// The connections to the database of a folder.
struct OpenDatabase {
  using Readers = std::map<std::string, std::shared_ptr<CloudReader>, std::less<>>;

  // In this order: the writing one closes last, and clears up.
  std::unique_ptr<Writer> writer;
  std::unique_ptr<QuarantineReader> quarantine{};
  Readers readers{};  ///< of the clouds that it knows
  std::optional<Store::Salvaged> salvaged{};
};

/// Opens it, or makes a new one; see Store::open for what becomes of one that is damaged.
Result<OpenDatabase> open_database(const DataFolder& folder, const Store::Options& options, const Clock& clock,
                                   Log& log);

}  // namespace sluice::store
