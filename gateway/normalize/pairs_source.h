#pragma once

#include <optional>
#include <string_view>

#include "gateway/normalize/schema.h"
#include "gateway/normalize/table_source.h"

namespace sluice::normalize {

/// A text as pairs of a name and a value, `a=1&b=2`: one row, whose fields have these names. Of a name that stands
/// twice the last counts. At most 200 000 pairs.
class PairsSource final : public TableSource {
 public:
  /// `text` is UTF-8 without NUL.
  std::optional<Refusal> open(std::string_view text, const PairsSchema& pairs, const Columns& columns);

 private:
  std::optional<Refusal> add(std::string_view piece, const PairsSchema& pairs);
  Field keep(std::string_view text, bool form);
  void drop_replaced();

  std::vector<Field> name_fields_;
};

}  // namespace sluice::normalize
