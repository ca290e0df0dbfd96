#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/schema.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

/// Reads the members of one map by name. What was never asked for is unknown: `finish` says so. A member of the wrong
/// shape becomes a problem and counts as absent, so that reading goes on and finds the next problem.
class YamlMap {
 public:
  /// `what` names the map in messages: "a reading". A node that is no map is a problem.
  YamlMap(const YamlNode& node, std::string_view what, Problems& problems);

  const YamlNode* find(std::string_view key);
  const YamlNode* require(std::string_view key);

  std::optional<Text> text(std::string_view key);
  std::optional<Text> require_text(std::string_view key);
  std::string text_or(std::string_view key, std::string fallback);
  std::optional<double> number(std::string_view key);
  std::optional<bool> flag(std::string_view key);
  std::optional<char> character(std::string_view key);
  std::optional<std::size_t> count(std::string_view key, std::size_t max);
  std::vector<std::string> texts(std::string_view key);  ///< one value, or a list of them

  /// Index into `words`; another word is a problem with a "did you mean".
  std::optional<std::size_t> choice(std::string_view key, const std::vector<std::string_view>& words);

  void finish();

 private:
  const YamlNode* scalar(std::string_view key);
  void wrong(const YamlNode& value, std::string_view key, std::string_view wanted);

  const YamlNode& node_;
  std::string_view what_;
  Problems& problems_;
  std::vector<std::string_view> known_;
};

/// The value as YAML types it. A map or a list is a problem.
Scalar read_scalar(const YamlNode& node, Problems& problems);

/// `{ C: Cel, F: "[degF]" }`
ValueMap read_value_map(const YamlNode& node, Problems& problems);

}  // namespace sluice::normalize
