#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "gateway/normalize/yaml_file.h"

namespace sluice::app {

/// The text of `scalar` with every `${env:NAME}` and `${file:PATH}` in it replaced: by the environment's variable, or
/// by the file's text without its last line end. What they bring is taken as it is. `$${` stands for `${` itself.
/// Relative paths begin at `folder`.
///
/// What is missing or cannot be read becomes a problem at the scalar's place; a file that everybody may read or write
/// becomes a warning. Neither ever holds what was read.
std::optional<std::string> expand(const normalize::YamlNode& scalar, const std::filesystem::path& folder,
                                  normalize::Problems& problems, normalize::Problems& warnings);

/// The whole file, at most `size_max` bytes of it; else why not, in words.
struct FileText {
  std::optional<std::string> text;
  std::string why_not;
};
FileText read_text_file(const std::filesystem::path& path, std::size_t size_max);

/// "everybody may read it" or "everybody may change it", if so; else empty. Of regular files only.
std::string open_to_everybody(const std::filesystem::path& path);

}  // namespace sluice::app
