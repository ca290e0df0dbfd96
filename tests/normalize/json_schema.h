#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "gateway/normalize/yaml_file.h"

namespace valijson {
class Schema;
}

namespace sluice::stage {

/// A JSON Schema (draft-07) from a file, compiled once.
class JsonSchema {
 public:
  /// `closed`: an object may only have the members that its `properties` name, whatever the schema says of others. So a
  /// schema can leave room for later members, and a test still sees every member that nobody has described.
  explicit JsonSchema(const std::filesystem::path& file, bool closed = false);
  ~JsonSchema();

  /// What the document breaks, one line each; empty if nothing.
  std::string broken_by(const nlohmann::json& document) const;

 private:
  std::unique_ptr<valijson::Schema> schema_;
};

/// The file's text; a file that cannot be read fails the test.
std::string text_of(const std::filesystem::path& file);

/// YAML with JSON's types, as an editor sees it: 5 is a number, true a boolean, ON and "5" are text.
nlohmann::json json_of(const normalize::YamlNode& node);

}  // namespace sluice::stage
