#include "gateway/normalize/xml_scan.h"

#include <algorithm>
#include <charconv>

#include "gateway/core/json_text.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t depth_max = 64;
constexpr std::size_t pieces_max = 200'000;
constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

Refusal not_xml(std::string why) {
  return {"not XML: " + std::move(why), ""};
}

/// XML 1.0 section 2.2.
bool is_xml_character(unsigned long code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

/// `&name;` at the front: one of the five that need no DTD, or a character by its number.
bool is_reference(std::string_view text) {
  const std::size_t end = text.substr(0, 12).find(';');
  if (end == std::string_view::npos) return false;
  std::string_view name = text.substr(1, end - 1);
  if (name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos") return true;
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const bool hex = name.starts_with('x');
  if (hex) name.remove_prefix(1);
  unsigned long code = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
  return error == std::errc() && stop == name.data() + name.size() && is_xml_character(code);
}

bool has_bad_reference(std::string_view text) {
  for (std::size_t at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1))
    if (!is_reference(text.substr(at))) return true;
  return false;
}

class XmlScan {
 public:
  explicit XmlScan(std::string_view text) : text_(text) {}

  std::optional<Refusal> run() {
    while (!refusal_) {
      const std::size_t end = text_.find('<');
      read_text(text_.substr(0, end));
      if (refusal_ || end == std::string_view::npos) break;
      text_.remove_prefix(end);
      if (++pieces_ > pieces_max)
        refusal_ = Refusal{"too many: more than " + std::to_string(pieces_max) + " elements", ""};
      else
        read_markup();
    }
    if (!refusal_ && depth_ > 0) refusal_ = not_xml("an element is not closed");
    if (!refusal_ && roots_ == 0) refusal_ = not_xml("there is no element");
    return refusal_;
  }

 private:
  void read_text(std::string_view text) {
    if (depth_ == 0 && text.find_first_not_of(blanks) != std::string_view::npos)
      refusal_ = not_xml("text outside the element: '" + excerpt(text) + "'");
    else if (has_bad_reference(text))
      refusal_ = not_xml("'&' begins no reference that XML knows");
  }

  void read_markup() {
    if (text_.starts_with("<!--"))
      skip_through("-->", 4, "a comment");
    else if (text_.starts_with("<![CDATA["))
      depth_ > 0 ? skip_through("]]>", 9, "CDATA") : refuse("CDATA outside the element");
    else if (text_.starts_with("<!DOCTYPE"))
      refusal_ = Refusal{"DOCTYPE is not allowed", ""};
    else if (text_.starts_with("<!"))
      refuse("'<!' begins nothing that is allowed here");
    else if (text_.starts_with("<?"))
      skip_through("?>", 2, "a processing instruction");
    else if (text_.starts_with("</"))
      read_end_tag();
    else
      read_start_tag();
  }

  void refuse(std::string why) { refusal_ = not_xml(std::move(why)); }

  void skip_through(std::string_view end, std::size_t from, std::string_view what) {
    const std::size_t at = text_.find(end, from);
    if (at == std::string_view::npos)
      refuse(std::string(what) + " is not closed");
    else
      text_.remove_prefix(at + end.size());
  }

  void read_end_tag() {
    if (depth_ == 0) return refuse("an end tag without its beginning");
    --depth_;
    skip_through(">", 2, "an end tag");
  }

  void read_start_tag() {
    if (depth_ == 0 && ++roots_ > 1) return refuse("there is more than one element at the top");
    char quote = '\0';
    std::size_t at = 1;
    for (; at < text_.size() && (quote != '\0' || text_[at] != '>'); ++at) {
      const char c = text_[at];
      if (c == '<') return refuse("'<' inside a tag");
      if (quote != '\0')
        quote = c == quote ? '\0' : quote;
      else if (c == '"' || c == '\'')
        quote = c;
    }
    if (at >= text_.size()) return refuse("a tag is not closed");
    if (has_bad_reference(text_.substr(0, at))) return refuse("'&' begins no reference that XML knows");
    if (text_[at - 1] != '/' && ++depth_ > depth_max)
      refusal_ = Refusal{"too deep: more than " + std::to_string(depth_max) + " levels", ""};
    text_.remove_prefix(at + 1);
  }

  std::string_view text_;
  std::size_t depth_ = 0;
  std::size_t pieces_ = 0;
  std::size_t roots_ = 0;
  std::optional<Refusal> refusal_;
};

/// `encoding="..."` of an XML declaration in lower case; empty if there is none.
std::string declared_encoding(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos || !text.substr(begin).starts_with("<?xml")) return {};
  const std::string_view declaration = text.substr(begin, text.find("?>", begin) - begin).substr(0, 200);
  std::size_t at = declaration.find("encoding");
  if (at == std::string_view::npos) return {};
  at = declaration.find_first_of("\"'", at);
  if (at == std::string_view::npos) return {};
  std::string name(declaration.substr(at + 1, declaration.find(declaration[at], at + 1) - at - 1));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

}  // namespace

std::optional<Refusal> decode_xml(std::string_view& payload, std::string& converted) {
  while (payload.ends_with('\0')) payload.remove_suffix(1);
  if (payload.starts_with(byte_order_mark)) payload.remove_prefix(byte_order_mark.size());
  if (payload.find_first_not_of(blanks) == std::string_view::npos) return not_xml("the payload is empty");
  const std::string encoding = declared_encoding(payload);
  if (encoding == "iso-8859-1" || encoding == "latin1") {
    converted.clear();
    for (const char c : payload) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80)
        converted += c;
      else
        (converted += static_cast<char>(0xc0 | byte >> 6)) += static_cast<char>(0x80 | (byte & 0x3f));
    }
    payload = converted;
  } else if (!encoding.empty() && encoding != "utf-8" && encoding != "us-ascii" && encoding != "ascii") {
    return not_xml("it says that it is encoded as '" + excerpt(encoding) + "'; UTF-8 and ISO-8859-1 are read");
  }
  if (!is_utf8(payload)) return not_xml("it is not UTF-8");
  const auto forbidden = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && blanks.find(c) == std::string_view::npos;
  };
  if (std::any_of(payload.begin(), payload.end(), forbidden)) return not_xml("it holds a control character");
  return std::nullopt;
}

std::optional<Refusal> scan_xml(std::string_view text) {
  return XmlScan(text).run();
}

}  // namespace sluice::normalize
