#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/normalize/settings.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

struct Family;  // gateway/normalize/schema.h
struct Plan;    // gateway/normalize/plan.h

/// One entry of the configuration's `schemas.use`.
struct FamilyUse {
  std::string name;
  Settings settings;  ///< e.g. {"base", {"z2m"}}
  Place place;        ///< for messages about it
};

/// Every schema the gateway uses: read from files, checked, compiled. Immutable; shared by any threads.
class Library {
 public:
  struct Sources {
    std::filesystem::path shipped;              ///< the folder of the schemas that ship
    std::vector<std::filesystem::path> dirs;    ///< the user's own, folders or single files; a family there
                                                ///< replaces a shipped one
    std::optional<std::vector<FamilyUse>> use;  ///< default: all that ship and all of the user's own
    bool examples = true;                       ///< keep them: most of what a library holds
  };

  /// Reads `*.yaml` of each folder. On any problem (a file that cannot be read, an unknown key, a bad XPath, RE2 or jq,
  /// two families with one name in one folder, a family in `use` that does not exist) nothing is returned and
  /// `problems` has all of them.
  static std::shared_ptr<const Library> load(const Sources& sources, Problems& problems);

  /// The one family of a file's text, as if it stood in `file`.
  static std::shared_ptr<const Library> of_text(std::string_view text, const std::string& file, Problems& problems);

  const std::vector<Family>& families() const { return families_; }

  /// The filters of all messages, disjoint: what `subscribe: auto` subscribes to.
  std::vector<std::string> filters() const;

  /// Of everything it was read from: two with the same digest read alike.
  std::size_t digest() const { return digest_; }

  /// How messages are read by them; for this floor.
  const Plan& plan() const { return *plan_; }

  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library();

 private:
  Library();
  std::vector<Family> families_;
  std::size_t digest_ = 0;
  std::unique_ptr<const Plan> plan_;
};

}  // namespace sluice::normalize
