#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/source.h"

namespace sluice::normalize {

/// A payload as rows of fields with names: each row is an element. Before `begin` addresses are asked of the first. An
/// empty field is absent. Who derives from it reads the payload.
class TableSource : public Source {
 public:
  /// Whether there is a field of this name; of a number, whether the first row is so long.
  bool exists(const Address& address, Bindings& bindings) final;
  bool holds(const Address&, const Bindings&) final { return true; }

  Value first(const Address& address, Bindings& bindings) final;
  void visit(const Address& address, Bindings& bindings, Visitor& visitor) final;
  std::optional<Refusal> begin(const Address* each, Bindings& bindings, bool remember) final;
  bool next(Bindings& bindings) final;
  bool append_rest(std::string& out) final;

 protected:
  struct Field {
    std::uint32_t begin, size;  ///< in texts_
  };
  static constexpr std::size_t missing = static_cast<std::size_t>(-1);

  void clear();

  /// Sorts the names. Of each that stands several times: the index of one before another of them; or `missing`.
  std::size_t sort_names();

  /// Where the schema's columns stand; once rows_ and names_ are there, and the names sorted if `columns.by_name`.
  void place_columns(const Columns& columns);

  std::string_view text_of(const Field& field) const {
    return std::string_view(texts_).substr(field.begin, field.size);
  }
  std::string_view field(std::size_t row, std::size_t column) const;
  std::size_t width(std::size_t row) const { return rows_[row + 1] - rows_[row]; }
  std::size_t row_count() const { return rows_.size() - 1; }

  std::string texts_;
  std::vector<Field> fields_;
  std::vector<std::uint32_t> rows_;      ///< where each row's fields begin, and the end
  std::vector<std::string_view> names_;  ///< of the columns; empty where they have none
  std::vector<std::uint32_t> order_;     ///< of names_, by name
  std::size_t first_row_ = 0;            ///< behind the header

 private:
  std::size_t place_of(const ColumnAddress& address, const Bindings& bindings);
  std::size_t find(std::string_view name) const;
  std::string_view name_of(std::size_t column);
  void forget_what_is_taken();

  std::vector<std::size_t> places_;  ///< of the schema's columns; `missing` where the payload has none
  std::vector<std::size_t> read_;    ///< the places of those that no wildcard takes
  std::size_t row_ = 0;
  bool remembers_ = false;
  std::vector<bool> taken_;          ///< by column, of this row
  std::string name_;                 ///< under which the last field was looked for
  std::deque<std::string> numbers_;  ///< "1", "2", ...: names of columns that have none; grows as needed
};

}  // namespace sluice::normalize
