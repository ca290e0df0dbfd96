#pragma once

#include <optional>
#include <string_view>

#include "gateway/normalize/schema.h"
#include "gateway/normalize/table_source.h"

namespace sluice::normalize {

/// A CSV payload (RFC 4180, strict about quotes). Blanks round a field that is not quoted do not count.
class CsvSource final : public TableSource {
 public:
  std::optional<Refusal> open(std::string_view payload, const CsvSchema& csv, const Columns& columns);

 private:
  friend class CsvReading;
  std::optional<Refusal> name_columns(const CsvSchema& csv, const Columns& columns);
  std::optional<Refusal> check_names(const Columns& columns);
  std::optional<Refusal> check_widths() const;
};

}  // namespace sluice::normalize
