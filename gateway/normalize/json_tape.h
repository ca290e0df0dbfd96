#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/key_set.h"
#include "gateway/normalize/value.h"

namespace sluice::normalize {

/// Quick to compute and quick to compare; equal keys have equal hashes, others seldom.
std::uint32_t key_hash(std::string_view key);

/// A JSON text, flat: every value is a node, children stand behind their parent, and a node knows where the next one
/// begins. Reused from message to message without allocating.
///
/// RFC 8259, UTF-8, with these limits and leniencies: nothing nests deeper than 64, there are at most 200 000 values, a
/// byte order mark and NUL bytes at the end are passed over, and of members with one name the last counts.
class JsonTape {
 public:
  struct Node {
    enum class Kind : std::uint8_t { null, boolean, number, text, object, array };
    std::string_view key;    ///< of an object's member
    std::string_view text;   ///< of a boolean "true" or "false", of a number its JSON text
    std::uint32_t next = 0;  ///< behind this node and everything in it
    std::uint32_t hash = 0;  ///< of the key
    Kind kind = Kind::null;
    bool replaced = false;  ///< a later member has the same name

    bool is_container() const { return kind == Kind::object || kind == Kind::array; }
  };

  /// Replaces the tape. The nodes do not point into `payload`.
  std::optional<Refusal> read(std::string_view payload);

  const std::vector<Node>& nodes() const { return nodes_; }
  /// Of all objects in it.
  const KeySet& keys() const { return keys_; }

  /// The member of an object, or the element of an array with this index; Binding::nowhere if there is none.
  std::uint32_t find(std::uint32_t container, std::string_view key, std::uint32_t hash) const;

  /// What a name means in an array (RFC 6901 section 4); Binding::nowhere if it is no index.
  static std::uint32_t index_of(std::string_view key);

  /// Appends a node and everything in it as JSON without white space; members that were replaced are left out.
  void append_json(std::string& out, std::uint32_t node) const;

 private:
  friend class JsonTapeWriter;
  void give_back_memory();

  std::vector<Node> nodes_;
  KeySet keys_;
  std::string texts_;                ///< what the nodes' views point into; never grows while reading
  std::vector<std::uint32_t> open_;  ///< containers not closed yet, outermost first
  std::vector<std::uint32_t> order_;
};

}  // namespace sluice::normalize
