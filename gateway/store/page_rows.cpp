#include "gateway/store/page_rows.h"

#include <algorithm>

namespace sluice::store {

namespace {

constexpr std::uint8_t interior_index = 2, leaf_index = 10, leaf_table = 13;
constexpr std::size_t file_header_size = 100;

/// Reads a varint at `at` and moves behind it; false where the bytes end first.
bool take_varint(Bytes bytes, std::size_t& at, std::uint64_t& number) {
  number = 0;
  for (int i = 0; i < 9; ++i) {
    if (at >= bytes.size()) return false;
    const std::uint8_t byte = bytes[at++];
    if (i == 8) return number = number << 8 | byte, true;
    number = number << 7 | (byte & 0x7f);
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

std::int64_t signed_number(Bytes bytes) {
  std::uint64_t number = (bytes[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return static_cast<std::int64_t>(number);
}

/// How many bytes a column of this serial type takes.
std::uint64_t size_of(std::uint64_t type) {
  constexpr std::uint64_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
  return type < 12 ? sizes[type] : (type - 12) / 2;
}

PageValue value_of(std::uint64_t type, Bytes bytes) {
  using Type = PageValue::Type;
  if (type >= 12) return {type % 2 == 0 ? Type::blob : Type::text, 0, bytes};
  if (type == 7) return {Type::real};
  if (type == 8 || type == 9) return {Type::integer, static_cast<std::int64_t>(type - 8)};
  return bytes.empty() ? PageValue{} : PageValue{Type::integer, signed_number(bytes)};
}

}  // namespace

PageRows::PageRows(PageFile& file)
    : file_(file), left_(2 * std::uint64_t{file.count()} * PageFile::page_size + row_size_max) {}

void PageRows::each(std::uint32_t number, const std::function<void(const Row&)>& take) {
  const Bytes read = file_.read(number);
  page_.assign(read.begin(), read.end());  // a row may lead to other pages
  const Bytes page(page_);
  const std::size_t header = number == 1 ? file_header_size : 0;
  if (page.size() < PageFile::page_size) return;
  const std::uint8_t kind = page[header];
  if (kind != leaf_table && kind != leaf_index && kind != interior_index) return;
  const std::size_t cells = big_endian(page, header + 3, 2);
  const std::size_t first = header + (kind == interior_index ? 12 : 8);
  Row row;
  row.of_table = kind == leaf_table;
  for (std::size_t i = 0; i < cells && first + 2 * i + 2 <= page.size(); ++i)
    if (read_row(page, big_endian(page, first + 2 * i, 2), kind == interior_index, row)) take(row);
}

bool PageRows::read_row(Bytes page, std::size_t at, bool interior, Row& row) {
  std::uint64_t size = 0, number = 0;
  if (interior) at += 4;
  if (!take_varint(page, at, size) || (row.of_table && !take_varint(page, at, number))) return false;
  row.number = static_cast<std::int64_t>(number);
  return size <= row_size_max && gather(page, at, size, row.of_table) && decode(row);
}

/// The whole of a row, of which the page may hold only the beginning.
bool PageRows::gather(Bytes page, std::size_t at, std::uint64_t size, bool of_table) {
  constexpr std::uint64_t usable = PageFile::page_size;
  constexpr std::uint64_t least = (usable - 12) * 32 / 255 - 23;
  const std::uint64_t most = of_table ? usable - 35 : (usable - 12) * 64 / 255 - 23;
  const std::uint64_t fitting = least + (size - least) % (usable - 4);
  const std::uint64_t here = size <= most ? size : fitting <= most ? fitting : least;
  if (at + here + (here < size ? 4 : 0) > page.size()) return false;
  const auto begin = page.begin() + static_cast<std::ptrdiff_t>(at);
  payload_.assign(begin, begin + static_cast<std::ptrdiff_t>(here));
  if (here == size) return true;
  // Each page brings something, so that one that leads back to itself comes to an end with `size`.
  for (std::uint32_t next = big_endian(page, at + here, 4); payload_.size() < size;) {
    const Bytes more = file_.read(next);
    if (more.size() < usable || left_ < usable) return false;
    left_ -= usable;
    const std::uint64_t share = std::min(usable - 4, size - payload_.size());
    payload_.insert(payload_.end(), more.begin() + 4, more.begin() + 4 + static_cast<std::ptrdiff_t>(share));
    next = big_endian(more, 0, 4);
  }
  return true;
}

bool PageRows::decode(Row& row) const {
  const Bytes payload(payload_);
  std::size_t at = 0;
  std::uint64_t header = 0;
  row.values.clear();
  if (!take_varint(payload, at, header) || header > payload.size()) return false;
  for (std::uint64_t body = header; at < header;) {
    std::uint64_t type = 0;
    if (!take_varint(payload.first(header), at, type) || type == 10 || type == 11) return false;
    const std::uint64_t size = size_of(type);
    if (size > payload.size() - body || row.values.size() == columns_max) return false;
    row.values.push_back(value_of(type, payload.subspan(body, size)));
    body += size;
  }
  return true;
}

}  // namespace sluice::store
