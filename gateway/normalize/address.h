#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/normalize/key_set.h"
#include "gateway/normalize/name_part.h"

namespace sluice::normalize {

/// JSON Pointer (RFC 6901) with `{name}` for a token, or for a part of it.
struct JsonStep {
  enum class Kind {
    member,    ///< this key, or this index of an array
    bound,     ///< the member that is called what the slot stands for, and what stands round it
    wildcard,  ///< every member that `part` takes; the slot then stands for what is between, or for an index
  };
  Kind kind = Kind::member;
  std::string key;
  std::uint32_t hash = 0;
  std::size_t slot = 0;
  NamePart part;          ///< of bound and wildcard
  bool as_found = false;  ///< of bound: a wildcard of this very form filled the slot
};
struct JsonAddress {
  std::vector<JsonStep> steps;
  KeySet keys;  ///< which an object must have somewhere, for anything to stand here
};

class XPath;  // gateway/normalize/xpath.h
struct XmlAddress {
  std::shared_ptr<const XPath> path;
  std::optional<NamePart> wildcard;  ///< of the names of the elements or attributes that the path finds
  std::size_t slot = 0;
};

/// A field of a row that has names: a column of CSV, one of text's pairs.
struct ColumnAddress {
  enum class Kind {
    column,    ///< index into the message's Columns
    bound,     ///< the field that is called what the slot stands for, and what stands round it
    wildcard,  ///< every field that `part` takes
  };
  Kind kind = Kind::column;
  std::size_t column = 0;
  std::size_t slot = 0;
  NamePart part;
};

struct TextAddress {
  int group = 0;  ///< of the pattern; 0 is the whole text
};

/// Where a value stands in a payload, compiled for the payload's format. Immutable.
struct Address {
  std::string text;  ///< as the schema file has it
  std::variant<JsonAddress, XmlAddress, ColumnAddress, TextAddress> way;
  bool has_wildcard = false;           ///< may name several values
  std::optional<std::size_t> carried;  ///< index into the message's carried addresses, if it is one
  std::vector<Address> otherwise;      ///< where nothing stands here, these are asked in turn
};

/// A column as a schema names it.
struct Column {
  std::string name;
  std::size_t number = 0;  ///< from 1; 0 where it is called by its name
  bool read = false;       ///< by a reading, unit, time or device: no wildcard takes it
};
struct Columns {
  std::vector<Column> list;
  bool by_name = false;  ///< there are addresses with placeholders, which look for names
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
