#include "gateway/normalize/csv_source.h"

#include <algorithm>

#include <csv.h>

#include "gateway/core/json_text.h"
#include "gateway/normalize/checksum.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t fields_max = 1'000'000;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// The line at the front with its end; CR, LF and CRLF all end one.
std::string_view front_line(std::string_view text) {
  const std::size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos) return text;
  const bool both = text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n';
  return text.substr(0, end + (both ? 2 : 1));
}

}  // namespace

/// One reading of a payload by libcsv, whose callbacks write into the source.
class CsvReading {
 public:
  CsvReading(CsvSource& source, const CsvSchema& csv) : source_(source), csv_(csv) {
    csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_delim(&parser_, static_cast<unsigned char>(csv.delimiter));
    csv_set_quote(&parser_, static_cast<unsigned char>(csv.quote));
  }
  ~CsvReading() { csv_free(&parser_); }
  CsvReading(const CsvReading&) = delete;
  CsvReading& operator=(const CsvReading&) = delete;

  std::optional<Refusal> run(std::string_view payload) {
    for (std::size_t skipped = 0; skipped < csv_.skip_rows && !payload.empty(); ++skipped)
      payload.remove_prefix(front_line(payload).size());
    while (!payload.empty()) {
      const std::string_view line = front_line(payload);
      payload.remove_prefix(line.size());
      // libcsv knows no comments. A line in the middle of a quoted field is none.
      if (parser_.pstate == 0 && csv_.comment != '\0' && line.front() == csv_.comment) continue;
      if (csv_.checksum) {
        if (std::optional<Refusal> refusal = parse_sentence(line)) return refusal;
      } else if (!parse(line)) {
        return bad_row();
      }
      if (too_many_) return Refusal{"too many: more than " + std::to_string(elements_max) + " rows", ""};
    }
    if (csv_fini(&parser_, &on_field, &on_row, this) != 0) return bad_row();
    if (too_many_) return Refusal{"too many: more than " + std::to_string(elements_max) + " rows", ""};
    return std::nullopt;
  }

 private:
  static void on_field(void* text, std::size_t size, void* self) {
    static_cast<CsvReading*>(self)->add_field({static_cast<const char*>(text), size});
  }
  static void on_row(int, void* self) { static_cast<CsvReading*>(self)->end_row(); }

  bool parse(std::string_view text) {
    return csv_parse(&parser_, text.data(), text.size(), &on_field, &on_row, this) == text.size();
  }

  std::optional<Refusal> parse_sentence(std::string_view line) {
    line = line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
    if (line.empty()) return std::nullopt;
    if (std::optional<Refusal> refusal = take_checksum(line)) return refusal;
    return parse(line) && parse("\n") ? std::nullopt : std::optional<Refusal>(bad_row());
  }

  void add_field(std::string_view text) {
    if (source_.fields_.size() >= fields_max) {
      too_many_ = true;
      return;
    }
    source_.fields_.push_back(
        {static_cast<std::uint32_t>(source_.texts_.size()), static_cast<std::uint32_t>(text.size())});
    source_.texts_ += text;
  }
  void end_row() {
    source_.rows_.push_back(static_cast<std::uint32_t>(source_.fields_.size()));
    // The header does not count.
    if (source_.row_count() > elements_max + (csv_.header ? 1 : 0)) too_many_ = true;
  }
  Refusal bad_row() const {
    return {"not CSV: a quote in the wrong place, or not closed, in row " + std::to_string(source_.row_count() + 1),
            ""};
  }

  CsvSource& source_;
  const CsvSchema& csv_;
  csv_parser parser_{};
  bool too_many_ = false;
};

std::optional<Refusal> CsvSource::open(std::string_view payload, const CsvSchema& csv, const Columns& columns) {
  clear();
  while (payload.ends_with('\0')) payload.remove_suffix(1);
  if (payload.starts_with(byte_order_mark)) payload.remove_prefix(byte_order_mark.size());
  if (payload.find('\0') != std::string_view::npos) return Refusal{"not CSV: it holds a NUL byte", ""};
  if (!is_utf8(payload)) return Refusal{"not CSV: it is not UTF-8", ""};
  if (std::optional<Refusal> refusal = CsvReading(*this, csv).run(payload)) return refusal;
  return name_columns(csv, columns);
}

std::optional<Refusal> CsvSource::name_columns(const CsvSchema& csv, const Columns& columns) {
  first_row_ = csv.header && row_count() > 0 ? 1 : 0;
  names_.assign(csv.columns.begin(), csv.columns.end());
  for (std::size_t i = 0; csv.columns.empty() && csv.header && row_count() > 0 && i < width(0); ++i)
    names_.push_back(field(0, i));
  if (std::optional<Refusal> refusal = check_names(columns)) return refusal;
  place_columns(columns);
  // Sentences of several kinds stand in one message.
  if (csv.checksum && !csv.header) return std::nullopt;
  return check_widths();
}

/// No name that the schema reads may stand twice.
std::optional<Refusal> CsvSource::check_names(const Columns& columns) {
  const auto twice = [](std::string_view name) {
    return Refusal{"not CSV: the header has '" + excerpt(name) + "' twice", std::string(name)};
  };
  for (const Column& column : columns.list)
    if (column.number == 0 && std::count(names_.begin(), names_.end(), column.name) > 1) return twice(column.name);
  const std::size_t again = columns.by_name ? sort_names() : missing;
  if (again != missing) return twice(excerpt(names_[again]));
  return std::nullopt;
}

std::optional<Refusal> CsvSource::check_widths() const {
  for (std::size_t row = first_row_; row < row_count() && !names_.empty(); ++row)
    for (std::size_t i = names_.size(); i < width(row); ++i)
      if (!field(row, i).empty())
        return Refusal{"not CSV: row " + std::to_string(row + 1) + " has " + std::to_string(width(row)) +
                           " fields, but there are " + std::to_string(names_.size()) + " columns",
                       ""};
  return std::nullopt;
}

}  // namespace sluice::normalize
