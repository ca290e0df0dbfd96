#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace sluice::normalize {

/// JSON Pointer (RFC 6901) with `{name}` for a whole token.
struct JsonStep {
  enum class Kind {
    member,    ///< this key, or this index of an array
    bound,     ///< the member that is called what the slot stands for
    wildcard,  ///< every member; the slot then stands for its key or index
  };
  Kind kind = Kind::member;
  std::string key;
  std::uint32_t hash = 0;
  std::size_t slot = 0;
};
struct JsonAddress {
  std::vector<JsonStep> steps;
};

class XPath;  // gateway/normalize/xpath.h
struct XmlAddress {
  std::shared_ptr<const XPath> path;
};

struct CsvAddress {
  std::size_t column = 0;  ///< index into the message's CsvColumns
};

struct TextAddress {
  int group = 0;  ///< of the pattern; 0 is the whole text
};

/// Where a value stands in a payload, compiled for the payload's format. Immutable.
struct Address {
  std::string text;  ///< as the schema file has it
  std::variant<JsonAddress, XmlAddress, CsvAddress, TextAddress> way;
  bool has_wildcard = false;       ///< may name several values
  std::vector<Address> otherwise;  ///< where nothing stands here, these are asked in turn
};

/// A column as a schema names it.
struct CsvColumn {
  std::string name;
  std::size_t number = 0;  ///< from 1; 0 where it is called by its name
};

/// A text with placeholders filled in: the name of a reading, or of a device.
struct TextPart {
  enum class Kind { literal, slot, address };
  Kind kind = Kind::literal;
  std::string literal;
  std::size_t slot = 0;
  Address address;
};
using TextParts = std::vector<TextPart>;

}  // namespace sluice::normalize
