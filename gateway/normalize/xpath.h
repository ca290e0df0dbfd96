#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/normalize/name_part.h"

namespace sluice::normalize {

/// Takes a placeholder off the last step of a path: of `/values/h{n}` the path `/values/*` is left, of `@{n}` `@*`.
/// What is returned says which of the names it finds are meant. Nothing where there is none, or with the reason in
/// `wrong`.
std::optional<NamePart> take_wildcard(std::string& expression, std::string& wrong);

/// An XPath 1.0 expression. Immutable; shared by any threads.
///
/// Its cost is bounded by what it may say (gateway/normalize/xpath_cost.h): evaluated once it takes time linear in the
/// document (at depth 64), and relative to each of many elements it never walks over all their neighbours.
class XPath {
 public:
  /// Null with the reason in `wrong`. `relative`: it is asked of each element, and must not begin at the root.
  static std::shared_ptr<const XPath> compile(const std::string& expression, bool relative, std::string& wrong);
  ~XPath();

  struct Compiled;
  const Compiled& compiled() const { return *compiled_; }

 private:
  explicit XPath(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace sluice::normalize
