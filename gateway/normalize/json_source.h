#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "gateway/normalize/json_index.h"
#include "gateway/normalize/json_tape.h"
#include "gateway/normalize/source.h"

namespace sluice::normalize {

/// A JSON payload.
class JsonSource final : public Source {
 public:
  /// Reads the payload; a refusal is what every schema then meets.
  std::optional<Refusal> open(std::string_view payload);
  const JsonTape& tape() const { return tape_; }

  Value first(const Address& address, Bindings& bindings) override;
  const KeySet* keys() const override { return &tape_.keys(); }
  bool holds(const Address& address, const Bindings& bindings) override;
  void visit(const Address& address, Bindings& bindings, Visitor& visitor) override;
  std::optional<Refusal> begin(const Address* each, Bindings& bindings, bool remember) override;
  bool next(Bindings& bindings) override;
  bool append_rest(std::string& out) override;

 private:
  using Steps = std::span<const JsonStep>;
  struct Element {
    std::uint32_t node;
    std::uint32_t bindings_at;  ///< where the slots' bindings stand in element_bindings_
  };

  std::uint32_t step(std::uint32_t container, const JsonStep& step, const Bindings& bindings);
  template <class Visit>
  bool walk(std::uint32_t node, Steps steps, Bindings& bindings, const Visit& visit);
  std::string_view index_text(std::size_t index);
  Value value_of(std::uint32_t node);
  std::optional<Refusal> gather(const Address& each, Bindings& bindings);
  bool add_element(std::uint32_t node, const Bindings& bindings);
  bool add_elements_of(std::uint32_t container, const Bindings& bindings);
  bool append_untaken(std::string& out, std::uint32_t node) const;

  JsonTape tape_;
  JsonIndex index_;
  std::string key_;         ///< that the last bound step looked for
  std::uint32_t root_ = 0;  ///< the element that addresses begin at
  std::vector<Element> elements_;
  Bindings element_bindings_;
  std::vector<std::size_t> each_slots_;
  std::size_t next_ = 0;
  bool remembers_ = false;
  std::vector<bool> taken_;
  std::deque<std::string> indices_;  ///< "0", "1", ...: what wildcards over arrays stand for; grows as needed
};

}  // namespace sluice::normalize
