#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"
#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"

namespace sluice {

/// A JSON object at the end of a text, which it opens and, at its own end, closes. Writes members one after the other;
/// the commas are its business.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  ~JsonObject() { out_ += '}'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    return out_ += ':';
  }
  void number(std::string_view name, std::int64_t value) { key(name) += std::to_string(value); }
  void count(std::string_view name, std::uint64_t value) { key(name) += std::to_string(value); }
  void flag(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }
  void text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
  /// JSON as it is.
  void json(std::string_view name, std::string_view value) { key(name) += value; }
  void time(std::string_view name, Timestamp value) { text(name, rfc3339(value)); }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace sluice
