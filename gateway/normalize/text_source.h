#pragma once

#include <string_view>
#include <vector>

#include "gateway/normalize/source.h"
#include "gateway/normalize/text_pattern.h"

namespace sluice::normalize {

/// A payload as plain text, without the blanks round it.
class TextSource final : public Source {
 public:
  std::optional<Refusal> open(std::string_view payload);

  std::string_view text() const { return text_; }

  /// Matches a schema's pattern with `text`, all of text() or a part; or none (null: always true). Addresses are asked
  /// of the last match.
  bool match(const TextPattern* pattern, std::string_view text);

  Value first(const Address& address, Bindings& bindings) override;
  bool holds(const Address&, const Bindings&) override { return true; }
  void visit(const Address& address, Bindings& bindings, Visitor& visitor) override;
  std::optional<Refusal> begin(const Address* each, Bindings& bindings, bool remember) override;
  bool next(Bindings& bindings) override;
  bool append_rest(std::string& out) override;

 private:
  std::string_view text_;
  const TextPattern* pattern_ = nullptr;
  std::vector<std::string_view> found_;  ///< the text, and what each group of the pattern took
  std::vector<bool> taken_;
  bool done_ = false;
};

}  // namespace sluice::normalize
