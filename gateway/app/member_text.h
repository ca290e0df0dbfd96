#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace sluice::app {

/// A member that is a text, else nothing.
inline std::string text_of(const nlohmann::json& object, const char* member) {
  if (!object.is_object() || !object.contains(member) || !object[member].is_string()) return {};
  return object[member].get<std::string>();
}

}  // namespace sluice::app
