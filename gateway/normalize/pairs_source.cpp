#include "gateway/normalize/pairs_source.h"

#include "gateway/core/json_text.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t pairs_max = 200'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// application/x-www-form-urlencoded (WHATWG URL section 5.1): a % that nothing follows stays.
void append_decoded(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
}

}  // namespace

std::optional<Refusal> PairsSource::open(std::string_view text, const PairsSchema& pairs, const Columns& columns) {
  clear();
  name_fields_.clear();
  while (!text.empty()) {
    const std::size_t end = text.find(pairs.delimiter);
    const std::string_view piece = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (piece.empty()) continue;
    if (fields_.size() == pairs_max) return Refusal{"too many: more than " + std::to_string(pairs_max) + " pairs", ""};
    if (std::optional<Refusal> refusal = add(piece, pairs)) return refusal;
  }
  if (pairs.form && (!is_utf8(texts_) || texts_.find('\0') != std::string::npos))
    return Refusal{"not pairs: what is encoded is not UTF-8, or holds a NUL byte", ""};
  for (const Field& name : name_fields_) names_.push_back(text_of(name));
  if (sort_names() != missing) drop_replaced();
  rows_.push_back(static_cast<std::uint32_t>(fields_.size()));
  place_columns(columns);
  return std::nullopt;
}

std::optional<Refusal> PairsSource::add(std::string_view piece, const PairsSchema& pairs) {
  const std::size_t sign = piece.find(pairs.sign);
  if (sign == std::string_view::npos)
    return Refusal{"not pairs: '" + excerpt(piece) + "' has no '" + std::string(1, pairs.sign) + "'", ""};
  const Field name = keep(piece.substr(0, sign), pairs.form);
  if (name.size == 0) return Refusal{"not pairs: '" + excerpt(piece) + "' has no name", ""};
  name_fields_.push_back(name);
  fields_.push_back(keep(piece.substr(sign + 1), pairs.form));
  return std::nullopt;
}

TableSource::Field PairsSource::keep(std::string_view text, bool form) {
  const std::size_t mark = texts_.size();
  if (form)
    append_decoded(texts_, text);
  else
    texts_ += text;
  const std::string_view kept = std::string_view(texts_).substr(mark);
  const std::string_view inner = trimmed(kept);
  const std::size_t begin = inner.empty() ? mark : mark + static_cast<std::size_t>(inner.data() - kept.data());
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(inner.size())};
}

/// Leaves the last of each name. In order_ those of one name stand in the order of the payload.
void PairsSource::drop_replaced() {
  for (std::size_t i = 0; i + 1 < order_.size(); ++i)
    if (names_[order_[i]] == names_[order_[i + 1]]) name_fields_[order_[i]].size = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (name_fields_[i].size == 0) continue;
    names_[kept] = names_[i];
    fields_[kept++] = fields_[i];
  }
  names_.resize(kept);
  fields_.resize(kept);
  sort_names();
}

}  // namespace sluice::normalize
