#include "gateway/normalize/library.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

#include <malloc.h>

#include "gateway/core/topic_filter.h"
#include "gateway/normalize/plan.h"
#include "gateway/normalize/schema_file.h"

namespace sluice::normalize {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t file_size_max = 4 * 1024 * 1024;

/// The schema files of a folder by name, or the one file.
std::vector<fs::path> files_in(const fs::path& where, Problems& problems) {
  std::error_code error;
  if (fs::is_regular_file(where, error)) return {where};
  std::vector<fs::path> files;
  fs::directory_iterator entry(where, error);
  if (error) problems.add({where.string(), 0, 0}, "cannot read this file or folder of schemas: " + error.message());
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().extension() == ".yaml" || entry->path().extension() == ".yml") files.push_back(entry->path());
  std::sort(files.begin(), files.end());
  return files;
}

void add_to(std::size_t& digest, std::string_view text) {
  digest = digest * 31 + std::hash<std::string_view>()(text);
}

std::optional<YamlNode> read_file(const fs::path& path, std::size_t& digest, Problems& problems) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (!error && size > file_size_max) {
    problems.add({path.string(), 0, 0}, "larger than a schema file may be (4 MiB)");
    return std::nullopt;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad()) {
    problems.add({path.string(), 0, 0}, "cannot be read: " + std::string(std::strerror(errno)));
    return std::nullopt;
  }
  digest = std::hash<std::string>()(text);
  return read_yaml(text, path.string(), problems);
}

/// A file that is known by its family's name, before it is read with the settings that the configuration gives.
struct Found {
  std::string family;
  Place place;
  YamlNode root;
  bool shipped;
  std::size_t digest;  ///< of its text
};

std::string family_name(const YamlNode& root) {
  const YamlNode* name = root.is_map() ? root.find("family") : nullptr;
  return name != nullptr && name->is_scalar() ? name->text : std::string();
}

/// Adds the files of one folder. A user's own family takes the place of a shipped one; otherwise names are unique.
void gather(const fs::path& where, bool shipped, std::vector<Found>& found, Problems& problems) {
  for (const fs::path& path : files_in(where, problems)) {
    std::size_t digest = 0;
    std::optional<YamlNode> root = read_file(path, digest, problems);
    if (!root) continue;
    Found file{family_name(*root), root->place, std::move(*root), shipped, digest};
    if (const YamlNode* name = file.root.is_map() ? file.root.find("family") : nullptr) file.place = name->place;
    const auto twin =
        std::find_if(found.begin(), found.end(), [&](const Found& one) { return one.family == file.family; });
    if (twin == found.end() || file.family.empty()) {
      found.push_back(std::move(file));
    } else if (twin->shipped && !shipped) {
      *twin = std::move(file);
    } else {
      problems.add(file.place, "the family '" + file.family + "' is there already, in " + twin->place.file + ":" +
                                   std::to_string(twin->place.line));
    }
  }
}

/// The files to use, in the order of `use`, with their settings.
std::vector<std::pair<Found*, const FamilyUse*>> choose(std::vector<Found>& found,
                                                        const std::optional<std::vector<FamilyUse>>& use,
                                                        Problems& problems) {
  std::vector<std::pair<Found*, const FamilyUse*>> chosen;
  if (!use) {
    for (Found& file : found) chosen.emplace_back(&file, nullptr);
    return chosen;
  }
  for (const FamilyUse& wanted : *use) {
    const auto file =
        std::find_if(found.begin(), found.end(), [&](const Found& one) { return one.family == wanted.name; });
    if (file == found.end()) {
      std::vector<std::string_view> names;
      for (const Found& one : found) names.push_back(one.family);
      problems.add(wanted.place, "there is no family '" + wanted.name + "'" + did_you_mean(wanted.name, names));
    } else if (std::any_of(chosen.begin(), chosen.end(), [&](const auto& one) { return one.first == &*file; })) {
      problems.add(wanted.place, "the family '" + wanted.name + "' stands in 'use' twice");
    } else {
      chosen.emplace_back(&*file, &wanted);
    }
  }
  return chosen;
}

void forget_examples(Family& family) {
  for (MessageSchema& message : family.messages) message.examples = {};
}

}  // namespace

Library::Library() = default;
Library::~Library() = default;

std::shared_ptr<const Library> Library::load(const Sources& sources, Problems& problems) {
  const std::size_t before = problems.list().size();
  std::vector<Found> found;
  if (!sources.shipped.empty()) gather(sources.shipped, true, found, problems);
  for (const fs::path& dir : sources.dirs) gather(dir, false, found, problems);
  const std::shared_ptr<Library> library(new Library());
  const auto chosen = choose(found, sources.use, problems);
  for (const auto& [file, use] : chosen) {
    const Settings changed = use != nullptr ? use->settings : Settings();
    for (const auto& [key, values] : changed)
      for (const std::string& value : values) add_to(library->digest_, key + '=' + value);
    add_to(library->digest_, std::to_string(file->digest));
    if (std::optional<Family> family =
            read_family(file->root, changed, use != nullptr ? use->place : Place(), problems)) {
      if (!sources.examples) forget_examples(*family);
      library->families_.push_back(std::move(*family));
    }
    file->root = {};
  }
  // A family that is not used is checked all the same: a mistake in it should not wait for the day it is.
  for (const Found& file : found) {
    const auto is_this = [&](const auto& one) { return one.first == &file; };
    if (std::any_of(chosen.begin(), chosen.end(), is_this)) continue;
    std::vector<Family> alone;
    if (std::optional<Family> family = read_family(file.root, {}, {}, problems)) alone.push_back(std::move(*family));
    (void)compile(alone, problems);
  }
  library->plan_ = std::make_unique<const Plan>(compile(library->families_, problems));
  found.clear();
  malloc_trim(0);  // reading takes several times what is kept
  if (problems.list().size() > before) return nullptr;
  return library;
}

std::shared_ptr<const Library> Library::of_text(std::string_view text, const std::string& file, Problems& problems) {
  const std::size_t before = problems.list().size();
  const std::shared_ptr<Library> library(new Library());
  if (const std::optional<YamlNode> root = read_yaml(text, file, problems))
    if (std::optional<Family> family = read_family(*root, {}, {}, problems))
      library->families_.push_back(std::move(*family));
  library->plan_ = std::make_unique<const Plan>(compile(library->families_, problems));
  return problems.list().size() > before ? nullptr : library;
}

std::vector<std::string> Library::filters() const {
  std::vector<std::string> filters;
  for (const Route& route : plan_->routes) filters.push_back(route.topic.filter());
  return disjoint(std::move(filters));
}

}  // namespace sluice::normalize
