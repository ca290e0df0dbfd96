#include "gateway/normalize/table_source.h"

#include <algorithm>

#include "gateway/core/json_text.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t bytes_kept = 256 * 1024;
constexpr std::size_t numbers_kept = 1'000;

const ColumnAddress& way_of(const Address& address) {
  return std::get<ColumnAddress>(address.way);
}

}  // namespace

void TableSource::clear() {
  if (texts_.capacity() > bytes_kept) texts_ = {};
  if (fields_.capacity() * sizeof(Field) > bytes_kept) fields_ = {};
  if (names_.capacity() * sizeof(std::string_view) > bytes_kept) names_ = {};
  if (order_.capacity() * sizeof(std::uint32_t) > bytes_kept) order_ = {};
  texts_.clear();
  fields_.clear();
  rows_.assign(1, 0);
  names_.clear();
  order_.clear();
  if (numbers_.size() > numbers_kept) numbers_.clear();
  remembers_ = false;
  first_row_ = 0;
  row_ = 0;
}

std::size_t TableSource::sort_names() {
  order_.resize(names_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<std::uint32_t>(i);
  std::sort(order_.begin(), order_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return names_[a] != names_[b] ? names_[a] < names_[b] : a < b; });
  const auto same = [&](std::uint32_t a, std::uint32_t b) { return !names_[a].empty() && names_[a] == names_[b]; };
  const auto twice = std::adjacent_find(order_.begin(), order_.end(), same);
  return twice == order_.end() ? missing : *twice;
}

void TableSource::place_columns(const Columns& columns) {
  row_ = first_row_;
  places_.clear();
  read_.clear();
  for (const Column& column : columns.list) {
    const std::size_t place = column.number > 0 ? column.number - 1 : find(column.name);
    places_.push_back(place);
    if (column.read && place != missing) read_.push_back(place);
  }
}

/// The column of this name. By the names in order where they are sorted: payloads may bring any number of questions.
std::size_t TableSource::find(std::string_view name) const {
  if (order_.empty()) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    return found == names_.end() ? missing : static_cast<std::size_t>(found - names_.begin());
  }
  const auto found = std::lower_bound(order_.begin(), order_.end(), name,
                                      [&](std::uint32_t i, std::string_view wanted) { return names_[i] < wanted; });
  return found != order_.end() && names_[*found] == name ? *found : missing;
}

std::string_view TableSource::field(std::size_t row, std::size_t column) const {
  if (row >= row_count() || column >= width(row)) return {};
  return text_of(fields_[rows_[row] + column]);
}

/// As a wildcard has it: without a name its number.
std::string_view TableSource::name_of(std::size_t column) {
  if (column < names_.size()) return names_[column];
  while (numbers_.size() <= column) numbers_.push_back(std::to_string(numbers_.size() + 1));
  return numbers_[column];
}

std::size_t TableSource::place_of(const ColumnAddress& address, const Bindings& bindings) {
  if (address.kind == ColumnAddress::Kind::column) return places_[address.column];
  ((name_ = address.part.prefix) += bindings[address.slot].text) += address.part.suffix;
  const std::size_t place = find(name_);
  if (remembers_ && place < taken_.size()) taken_[place] = true;
  return place;
}

bool TableSource::exists(const Address& address, Bindings& bindings) {
  const ColumnAddress& way = way_of(address);
  const std::size_t columns =
      std::max(names_.size(), row_count() > 0 ? width(std::min(first_row_, row_count() - 1)) : 0);
  if (way.kind != ColumnAddress::Kind::wildcard) return place_of(way, bindings) < columns;
  for (std::size_t i = 0; i < columns; ++i)
    if (way.part.takes(name_of(i))) return true;
  return false;
}

Value TableSource::first(const Address& address, Bindings& bindings) {
  const ColumnAddress& way = way_of(address);
  if (way.kind == ColumnAddress::Kind::wildcard) {
    FirstValue found;
    visit(address, bindings, found);
    return found.value;
  }
  const std::string_view text = field(row_, place_of(way, bindings));
  if (text.empty()) return {};
  return {Value::Kind::text, text};
}

void TableSource::visit(const Address& address, Bindings& bindings, Visitor& visitor) {
  const ColumnAddress& way = way_of(address);
  const std::size_t columns = row_ < row_count() ? width(row_) : 0;
  for (std::size_t i = 0; i < columns; ++i) {
    const std::string_view text = field(row_, i);
    if (text.empty() || (remembers_ && taken_[i])) continue;
    const std::string_view name = name_of(i);
    if (!way.part.takes(name)) continue;
    if (remembers_) taken_[i] = true;
    bindings[way.slot].text = way.part.inner(name);
    if (!visitor.visit({Value::Kind::text, text})) return;
  }
}

std::optional<Refusal> TableSource::begin(const Address*, Bindings&, bool remember) {
  row_ = first_row_ - 1;  // `next` goes to the first one
  remembers_ = remember;
  return std::nullopt;
}

bool TableSource::next(Bindings&) {
  if (++row_ >= row_count()) return false;
  if (remembers_) forget_what_is_taken();
  return true;
}

void TableSource::forget_what_is_taken() {
  taken_.assign(width(row_), false);
  for (const std::size_t place : read_)
    if (place < taken_.size()) taken_[place] = true;
}

bool TableSource::append_rest(std::string& out) {
  char separator = '{';
  for (std::size_t i = 0; i < width(row_); ++i) {
    const std::string_view text = field(row_, i);
    if (text.empty() || taken_[i]) continue;
    out += separator;
    append_json_string(out, name_of(i));
    out += ':';
    append_json_string(out, text);
    separator = ',';
  }
  if (separator == '{') return false;
  out += '}';
  return true;
}

}  // namespace sluice::normalize
