#include <algorithm>

#include "gateway/normalize/draft_payload.h"
#include "gateway/normalize/number_text.h"

namespace sluice::normalize {

namespace {

using Row = std::vector<std::string_view>;

constexpr std::size_t rows_looked_at = 100;

Row split(std::string_view line, char delimiter) {
  Row row;
  while (true) {
    const std::size_t end = line.find(delimiter);
    row.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return row;
    line.remove_prefix(end + 1);
  }
}

/// The rows if each has as many fields, and more than one; otherwise none.
std::vector<Row> rows_of(std::string_view text, char delimiter) {
  std::vector<Row> rows;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || rows.size() >= rows_looked_at) continue;
    rows.push_back(split(line, delimiter));
    if (rows.back().size() < 2 || rows.back().size() != rows.front().size()) return {};
  }
  return rows;
}

std::size_t numbers_in(const Row& row, char decimal) {
  return static_cast<std::size_t>(std::count_if(
      row.begin(), row.end(), [&](std::string_view field) { return parse_number(field, decimal).has_value(); }));
}

std::string_view unquoted(std::string_view text) {
  return text.size() > 1 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

void add_rows(Look& look, const std::vector<Row>& rows) {
  const std::size_t first = look.csv.header ? 1 : 0;
  for (std::size_t r = first; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      const std::string number = std::to_string(i + 1);
      const std::string name(look.csv.header ? unquoted(rows[0][i]) : std::string_view(number));
      if (name.empty() || name.find_first_of("{}") != std::string::npos || rows[r][i].empty()) continue;
      add_field(look, name, {look.csv.header ? name : "column_" + number}, unquoted(rows[r][i]), look.csv.decimal);
    }
  }
}

}  // namespace

std::optional<Look> look_at_csv(std::string_view text) {
  for (const char delimiter : {';', '\t', '|', ','}) {
    const std::vector<Row> rows = rows_of(text, delimiter);
    if (rows.empty()) continue;
    const Row& last = rows.back();
    const std::size_t points = numbers_in(last, '.'), commas = numbers_in(last, ',');
    if (points + commas == 0) continue;  // a sentence
    Look look;
    look.format = Format::csv;
    look.csv.delimiter = delimiter;
    look.csv.decimal = delimiter != ',' && commas > points ? ',' : '.';
    look.csv.header = rows.size() > 1 && numbers_in(rows[0], '.') == 0;
    add_rows(look, rows);
    return look;
  }
  return std::nullopt;
}

}  // namespace sluice::normalize
