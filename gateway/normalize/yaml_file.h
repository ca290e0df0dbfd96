#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::normalize {

/// Where something stands in a file, for messages that people can act on. Lines and columns begin at 1; 0 is "unknown".
struct Place {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
};

struct Problem {
  Place place;
  std::string message;
  std::string text() const;  ///< `file:line:column: message`
};

/// Everything that is wrong, gathered, so that people see all of it at once.
class Problems {
 public:
  void add(Place place, std::string message) { list_.push_back({std::move(place), std::move(message)}); }
  bool empty() const { return list_.empty(); }
  const std::vector<Problem>& list() const { return list_; }
  std::string text() const;  ///< one `file:line:column: message` a line, in the order of file and line

 private:
  std::vector<Problem> list_;
};

/// A YAML document as plain values with their places. Read-only after read_yaml.
struct YamlNode {
  enum class Kind { null, scalar, sequence, map };
  struct Member;

  Kind kind = Kind::null;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< "5" is text, 5 is a number
  Place place;
  std::vector<YamlNode> items;  ///< of a sequence
  std::vector<Member> members;  ///< of a map, in file order; keys are scalars and unique

  bool is_map() const { return kind == Kind::map; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_scalar() const { return kind == Kind::scalar; }
  const YamlNode* find(std::string_view key) const;
  std::string_view kind_name() const;  ///< "a map", "a list", "a value", "nothing"
};

struct YamlNode::Member {
  std::string key;
  Place place;  ///< of the key
  YamlNode value;
};

/// Reads one document. Syntax errors, repeated keys, keys that are no scalars, more than one document, nesting beyond
/// 64 levels and aliases that unfold to more than 100 000 nodes become problems; then nothing is returned.
std::optional<YamlNode> read_yaml(std::string_view text, const std::string& file, Problems& problems);

/// A map, list or value as YAML again, one member a line, ending with a line end: for people.
std::string yaml_text(const YamlNode& node);

/// Adds a problem for every member of `map` that is not in `known`, with a "did you mean" where one is near.
void refuse_unknown_keys(const YamlNode& map, const std::vector<std::string_view>& known, Problems& problems);

/// " (did you mean 'x'?)" for the nearest of `known` within two edits or a third of the word, else nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace sluice::normalize
