#include "gateway/normalize/text_source.h"

#include "gateway/core/json_text.h"

namespace sluice::normalize {

namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text) {
  while (text.ends_with('\0')) text.remove_suffix(1);
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return text.substr(0, 0);
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

std::optional<Refusal> TextSource::open(std::string_view payload) {
  text_ = trimmed(payload);
  if (text_.find('\0') != std::string_view::npos) return Refusal{"not text: it holds a NUL byte", ""};
  if (!is_utf8(text_)) return Refusal{"not text: it is not UTF-8", ""};
  return std::nullopt;
}

bool TextSource::match(const TextPattern* pattern, std::string_view text) {
  pattern_ = pattern;
  taken_.clear();
  if (pattern != nullptr) return pattern->match(text, found_);
  found_.assign(1, text);
  return true;
}

Value TextSource::first(const Address& address, Bindings&) {
  const auto group = static_cast<std::size_t>(std::get<TextAddress>(address.way).group);
  if (!taken_.empty()) taken_[group] = true;
  if (found_[group].empty()) return {};
  return {Value::Kind::text, found_[group]};
}

void TextSource::visit(const Address& address, Bindings& bindings, Visitor& visitor) {
  visitor.visit(first(address, bindings));
}

std::optional<Refusal> TextSource::begin(const Address*, Bindings&, bool remember) {
  done_ = false;
  taken_.assign(remember ? found_.size() : 0, false);
  return std::nullopt;
}

bool TextSource::next(Bindings&) {
  if (done_) return false;
  done_ = true;
  return true;
}

bool TextSource::append_rest(std::string& out) {
  char separator = '{';
  for (std::size_t group = 1; group < found_.size(); ++group) {
    const std::string& name = pattern_->groups()[group - 1];
    if (taken_[group] || name.empty() || found_[group].empty()) continue;
    out += separator;
    append_json_string(out, name);
    out += ':';
    append_json_string(out, found_[group]);
    separator = ',';
  }
  if (separator == '{') return false;
  out += '}';
  return true;
}

}  // namespace sluice::normalize
