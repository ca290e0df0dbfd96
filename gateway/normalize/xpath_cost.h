#pragma once

#include <string>
#include <string_view>

namespace sluice::normalize {

/// Why an XPath 1.0 expression could cost more than time linear in the document; empty if it cannot.
///
/// pugixml cannot be stopped while it evaluates, and a hostile document makes `//a[//b]` take hours. So what walks over
/// neighbours again and again is not allowed: inside [ ] no path from the root and none that leaves the node upwards,
/// no axes but child, descendant, descendant-or-self, self and attribute, [ ] at most twice within one another, and in
/// a comparison one side is a literal, a number or a function. `relative`: for addresses that are asked of each
/// element, no path from the root anywhere, and upwards only at the very beginning ("../time"), where the answer can be
/// kept.
std::string why_costly(std::string_view expression, bool relative);

}  // namespace sluice::normalize
