#include "gateway/normalize/schema.h"

namespace sluice::normalize {

std::string_view name_of(Format format) {
  switch (format) {
    case Format::json:
      return "json";
    case Format::csv:
      return "csv";
    case Format::xml:
      return "xml";
    case Format::text:
      break;
  }
  return "text";
}

std::string_view name_of(ValueType type) {
  switch (type) {
    case ValueType::number:
      return "number";
    case ValueType::integer:
      return "integer";
    case ValueType::boolean:
      return "boolean";
    case ValueType::string:
      return "string";
    case ValueType::natural:
      break;
  }
  return "";
}

const CommandSchema::Param* CommandSchema::param(std::string_view param_name) const {
  for (const Param& candidate : params)
    if (candidate.name == param_name) return &candidate;
  return nullptr;
}

const MessageSchema* Family::message(std::string_view message_name) const {
  for (const MessageSchema& candidate : messages)
    if (candidate.name == message_name) return &candidate;
  return nullptr;
}

}  // namespace sluice::normalize
