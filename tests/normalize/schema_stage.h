#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gateway/normalize/library.h"
#include "gateway/normalize/normalizer.h"
#include "tests/stage/fake_clock.h"
#include "tests/stage/temp_folder.h"

namespace sluice::stage {

/// Schema files of a test's own, and messages sent through them.
class SchemaStage {
 public:
  /// Files are called 0.yaml, 1.yaml, ...
  explicit SchemaStage(std::vector<std::string> files, normalize::Normalizer::Options options = berlin());

  static normalize::Normalizer::Options berlin() { return {normalize::Unmatched::ignore, "Europe/Berlin"}; }

  /// One message of the family `t` at the topic `t/{device}`, everything but its name, topic and device given.
  static std::string file_with(const std::string& message);

  /// What a message becomes: a list of events (their data, with `kind`, `device` and `time` of the record), or
  /// "ignored", or "quarantined: <schema>: <field>: <reason>".
  nlohmann::json send(const std::string& topic, const std::string& payload);
  nlohmann::json send(const Message& message);
  normalize::Fate fate(const Message& message);

  static Message message(const std::string& topic, const std::string& payload);
  std::shared_ptr<const normalize::Library> library() const { return library_; }

 private:
  TempFolder folder_;
  std::shared_ptr<const normalize::Library> library_;
  std::unique_ptr<normalize::Normalizer> normalizer_;
};

/// The readings of the one event that the payload becomes under such a message (see file_with), values alone.
nlohmann::json readings_of(const std::string& message, const std::string& payload);

/// What is wrong with these files, one problem a line, without the folder: "0.yaml:3:5: ...".
std::string problems_of(const std::vector<std::string>& files);

/// The one problem of a file with this message (see file_with), without its place; or all of them.
std::string wrong(const std::string& message);

}  // namespace sluice::stage
