#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "gateway/normalize/source.h"

namespace sluice::normalize {

/// An XML payload. Values are texts without the blanks round them; an empty one is absent. Names are taken as they are
/// written: prefixes are part of them, namespaces are not resolved.
class XmlSource final : public Source {
 public:
  XmlSource();
  ~XmlSource() override;

  std::optional<Refusal> open(std::string_view payload);

  /// Whether an address leads to any node, or to a value that counts as true (XPath 1.0 section 4.3, boolean).
  bool exists(const Address& address, Bindings& bindings) override;
  bool holds(const Address& address, const Bindings& bindings) override;

  Value first(const Address& address, Bindings& bindings) override;
  void visit(const Address& address, Bindings& bindings, Visitor& visitor) override;
  std::optional<Refusal> begin(const Address* each, Bindings& bindings, bool remember) override;
  bool next(Bindings& bindings) override;
  bool append_rest(std::string& out) override;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace sluice::normalize
