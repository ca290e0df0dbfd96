#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "gateway/store/page_file.h"

namespace sluice::store {

/// A column of a row as it lies in a page; what it shows lives as long as the row.
struct PageValue {
  enum class Type { null, integer, real, text, blob };
  Type type = Type::null;
  std::int64_t number = 0;  ///< of an integer
  Bytes bytes{};            ///< of a text or a blob

  bool is(Type wanted) const { return type == wanted; }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

/// Rows read straight from a page of a tree, without what leads to it: of a damaged file this finds all that is left.
/// What is no row, or not whole, is passed over. Pages that are not in use any more may hold rows that are gone.
/// Format: https://sqlite.org/fileformat2.html, sections 1.6 and 2.1.
class PageRows {
 public:
  static constexpr std::size_t columns_max = 32;
  static constexpr std::uint64_t row_size_max = 64 << 20;  ///< larger ones are passed over

  explicit PageRows(PageFile& file);

  struct Row {
    bool of_table = true;     ///< else of an index, or of a table WITHOUT ROWID
    std::int64_t number = 0;  ///< of a row of a table
    std::vector<PageValue> values;
  };
  /// Each row of the page, in order.
  void each(std::uint32_t page, const std::function<void(const Row&)>& take);

 private:
  bool read_row(Bytes page, std::size_t cell, bool interior, Row& row);
  bool gather(Bytes page, std::size_t at, std::uint64_t size, bool of_table);
  bool decode(Row& row) const;

  PageFile& file_;
  std::uint64_t left_;  ///< bytes that may still be read of other pages: rows may all claim the same ones
  std::vector<std::uint8_t> page_, payload_;
};

}  // namespace sluice::store
