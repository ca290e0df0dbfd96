#pragma once

#include <span>
#include <vector>

#include "gateway/core/result.h"
#include "gateway/store/database.h"
#include "gateway/store/kept_command.h"

namespace sluice::store {

/// Table `devices`: who has been heard, and the last known presence. Belongs to the writing connection, whose
/// transaction it writes in.
class DeviceList {
 public:
  static Result<DeviceList> prepare(const Database& database);

  Result<> put(std::span<const KnownDevice> devices);
  /// Lets these go.
  Result<> drop(std::span<const std::string> names);
  Result<std::vector<KnownDevice>> all();

 private:
  Statement put_, drop_, all_;
};

}  // namespace sluice::store
