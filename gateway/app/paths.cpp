#include "gateway/app/paths.h"

#include <cstdlib>
#include <system_error>

namespace sluice::app {

std::filesystem::path shipped_schemas() {
  if (const char* set = std::getenv("SLUICE_SCHEMAS"); set != nullptr && *set != '\0') return set;
  std::error_code ignored;
  return shipped_schemas_of(std::filesystem::read_symlink("/proc/self/exe", ignored));
}

std::filesystem::path shipped_schemas_of(const std::filesystem::path& executable) {
  const std::filesystem::path installed = executable.parent_path().parent_path() / "share" / "sluice" / "schemas";
  if (std::error_code ignored; std::filesystem::is_directory(installed, ignored)) return installed;
  return std::filesystem::path(SLUICE_SOURCE_DIR) / "schemas";
}

}  // namespace sluice::app
