#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/schema.h"
#include "gateway/normalize/source.h"

namespace sluice::normalize {

/// A CSV payload (RFC 4180, strict about quotes): each row is an element. Before `begin` addresses are asked of the
/// first. Blanks round a field that is not quoted do not count; an empty field is absent.
class CsvSource final : public Source {
 public:
  /// `columns` are those the schema names, and what CsvAddress means by its numbers.
  std::optional<Refusal> open(std::string_view payload, const CsvSchema& csv, const std::vector<CsvColumn>& columns);

  /// Whether the header has a column, or the first row, where it is called by a number.
  bool has_column(const Address& address) const;

  Value first(const Address& address, Bindings& bindings) override;
  bool holds(const Address&, const Bindings&) override { return true; }
  void visit(const Address& address, Bindings& bindings, Visitor& visitor) override;
  std::optional<Refusal> begin(const Address* each, Bindings& bindings, bool remember) override;
  bool next(Bindings& bindings) override;
  bool append_rest(std::string& out) override;

 private:
  friend class CsvReading;
  struct Field {
    std::uint32_t begin, size;  ///< in texts_
  };
  static constexpr std::size_t missing = static_cast<std::size_t>(-1);

  void give_back_memory();
  std::optional<Refusal> name_columns(const CsvSchema& csv, const std::vector<CsvColumn>& columns);
  std::string_view field(std::size_t row, std::size_t column) const;
  std::size_t width(std::size_t row) const { return rows_[row + 1] - rows_[row]; }
  std::size_t row_count() const { return rows_.size() - 1; }

  std::string texts_;
  std::vector<Field> fields_;
  std::vector<std::uint32_t> rows_;  ///< where each row's fields begin, and the end
  std::vector<std::string> names_;   ///< of the columns; empty without a header
  std::vector<std::size_t> places_;  ///< of the schema's columns; `missing` where the header has none
  std::size_t first_row_ = 0;        ///< behind the header
  std::size_t row_ = 0;
  std::vector<bool> taken_;  ///< by column; empty unless the rest is kept
};

}  // namespace sluice::normalize
