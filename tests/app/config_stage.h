#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <stdlib.h>

#include "gateway/app/config.h"
#include "tests/stage/temp_folder.h"

namespace sluice::app {

/// The least that is a configuration.
inline const std::string least = "gateway: { id: home-pi }\nlocal_broker: { url: mqtt://localhost }\n";

/// What a reader of the complaints sees; empty: none.
inline std::string complaints(std::string_view text, const std::filesystem::path& file = "sluice.yaml") {
  normalize::Problems problems;
  const auto config = read_config_text(text, file, problems);
  SLUICE_ASSERT(config.has_value() == problems.empty());
  return problems.text();
}

inline std::optional<Config> read(std::string_view text, const std::filesystem::path& file = "sluice.yaml") {
  normalize::Problems problems;
  return read_config_text(text, file, problems);
}

/// One cloud of type webhook with these keys more, each on a line of its own, indented by four.
inline std::string with_cloud(const std::string& keys, const std::string& url = "https://example.org/in") {
  return least + "clouds:\n  - name: hooks\n    type: webhook\n    url: " + url + "\n" + keys;
}

inline const webhook::Options& webhook_of(const Cloud& cloud) {
  return std::get<webhook::Options>(cloud.options);
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
  std::filesystem::permissions(path, std::filesystem::perms(0600));
}

/// An environment variable for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { SLUICE_ASSERT(setenv(name, value, 1) == 0); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

}  // namespace sluice::app
