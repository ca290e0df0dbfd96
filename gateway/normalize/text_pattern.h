#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::normalize {

/// A regular expression with named groups, (?P<name>...), in RE2's syntax: it takes time linear in the text, whatever
/// the expression, and at most 256 KiB of memory. Immutable; shared by any threads.
class TextPattern {
 public:
  /// Null with the reason in `wrong`. The same expression is compiled once.
  static std::shared_ptr<const TextPattern> compile(const std::string& expression, std::string& wrong);
  ~TextPattern();

  const std::vector<std::string>& groups() const { return groups_; }  ///< names; group i + 1 has name i, empty if none

  /// Whether the whole text matches. `found` then holds the text at 0 and each group's part, with a null data() where
  /// the group took no part in the match.
  bool match(std::string_view text, std::vector<std::string_view>& found) const;

  /// Whether the whole text matches. `part` is then what the first group took, with a null data() where it took none.
  bool match_first(std::string_view text, std::string_view& part) const;

  bool matches(std::string_view text) const;    ///< whether the whole text does
  bool occurs_in(std::string_view text) const;  ///< whether any part of the text matches

 private:
  struct Compiled;
  static std::shared_ptr<const TextPattern> compile_anew(const std::string& expression, std::string& wrong);
  explicit TextPattern(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
  std::vector<std::string> groups_;
};

}  // namespace sluice::normalize
