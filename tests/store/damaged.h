#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/store/stage.h"

namespace sluice::store {

/// The files of a database as bytes, to be damaged and put somewhere.
using Files = std::map<std::string, std::string>;

inline std::string content_of(const std::filesystem::path& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

inline Files files_of(const Stage& stage) {
  Files files;
  for (const char* name : {"sluice.db", "sluice.db-wal"})
    if (std::filesystem::exists(stage.options.data_dir / name)) files[name] = content_of(stage.options.data_dir / name);
  return files;
}

inline void put_files(const Files& files, const Stage& stage) {
  std::filesystem::create_directories(stage.options.data_dir);
  for (const auto& [name, content] : files)
    std::ofstream(stage.options.data_dir / name, std::ios::binary | std::ios::trunc) << content;
}

/// Those that were set aside, newest first.
inline std::vector<std::string> aside(const Stage& stage) {
  std::set<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(stage.options.data_dir))
    if (const std::string name = each.path().filename(); name.starts_with("sluice.db.damaged-") && name.ends_with("Z"))
      names.insert(name);
  return {names.rbegin(), names.rend()};
}

/// A database with something of everything in it, and what is known about it.
struct Everything {
  Files files;
  Snapshot shown;
  std::vector<RecordId> ids;  ///< of all records, by their place in the log
  std::set<std::string> commands;
};

/// After a clean end; or as a process that was killed leaves it: a file, and a log with the latest of everything.
Everything make_everything(bool killed);

}  // namespace sluice::store
