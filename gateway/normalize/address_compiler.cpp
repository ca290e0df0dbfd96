#include "gateway/normalize/address_compiler.h"

#include <algorithm>
#include <charconv>

#include "gateway/normalize/json_tape.h"
#include "gateway/normalize/xpath.h"

namespace sluice::normalize {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_placeholder(std::string_view token) {
  return token.size() > 2 && token.front() == '{' && token.back() == '}';
}

/// RFC 6901 section 4: ~1 is /, ~0 is ~. Nothing where a ~ stands alone.
std::optional<std::string> unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out += token[i];
      continue;
    }
    const char code = ++i < token.size() ? token[i] : '\0';
    if (code != '0' && code != '1') return std::nullopt;
    out += code == '0' ? '~' : '/';
  }
  return out;
}

/// The last / that is not within [ ] or quotes; npos if there is none.
std::size_t last_slash(std::string_view path) {
  std::size_t last = std::string_view::npos;
  int depth = 0;
  char quote = '\0';
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '[' || c == ']') {
      depth += c == '[' ? 1 : -1;
    } else if (c == '/' && depth == 0) {
      last = i;
    }
  }
  return last;
}

/// Whether an XPath names a place, outside of [ ] nothing but names and steps: no function, no sum.
bool is_path(std::string_view path) {
  const std::string_view outside = path.substr(0, path.find('['));
  return !path.empty() && path.find(']') == path.rfind(']') &&
         outside.find_first_of("()|+=<>!, \"'") == std::string_view::npos;
}

}  // namespace

AddressCompiler::AddressCompiler(const MessageSchema& schema, MessagePlan& plan, Problems& problems)
    : schema_(schema), plan_(plan), problems_(problems), topic_names_(plan.topic.names()), slots_(topic_names_) {
  plan_.slots = slots_.size();
}

std::size_t AddressCompiler::slot(std::string_view name) {
  const auto found = std::find(slots_.begin(), slots_.end(), name);
  const auto index = static_cast<std::size_t>(found - slots_.begin());
  if (found == slots_.end()) slots_.emplace_back(name);
  plan_.slots = slots_.size();
  return index;
}

std::optional<Address> AddressCompiler::address(const Text& text, Names& known, bool binds) {
  Address address;
  address.text = text.text;
  const auto use = [&](auto way) {
    if (way) address.way = std::move(*way);
    return way.has_value();
  };
  bool good = false;
  switch (schema_.format) {
    case Format::json:
      good = use(json(text, known, binds));
      break;
    case Format::xml:
      good = use(xml(text));
      break;
    case Format::csv:
      good = use(csv(text));
      break;
    case Format::text:
      good = use(group(text));
      break;
  }
  if (!good) return std::nullopt;
  if (const auto* steps = std::get_if<JsonAddress>(&address.way))
    address.has_wildcard = std::any_of(steps->steps.begin(), steps->steps.end(),
                                       [](const JsonStep& step) { return step.kind == JsonStep::Kind::wildcard; });
  return address;
}

std::optional<Address> AddressCompiler::address(const AddressText& text, Names& known, bool binds) {
  const Names before = known;
  std::optional<Address> first = address(static_cast<const Text&>(text), known, binds);
  for (const Text& other : text.otherwise) {
    Names names = before;
    std::optional<Address> next = address(other, names, binds);
    if (!first || !next) return std::nullopt;
    if (!std::is_permutation(names.begin(), names.end(), known.begin(), known.end())) {
      problems_.add(other.place, "'" + other.text + "' must have the same wildcards as '" + text.text + "'");
      return std::nullopt;
    }
    first->otherwise.push_back(std::move(*next));
  }
  return first;
}

std::optional<Address> AddressCompiler::holder(const Text& text, Names& known) {
  const std::size_t cut = last_slash(text.text);
  Text above{text.text.substr(0, cut), text.place};
  const bool json = schema_.format == Format::json;
  if (json && cut != std::string::npos) return address(above, known, false);
  // Of //a and /a it is the document, of a and @a the element at hand.
  if (!json && cut != std::string::npos && above.text.ends_with('/')) above.text.pop_back();
  if (!json && above.text.empty()) above.text = "/*";
  if (!json && cut == std::string::npos) above.text = ".";
  if (!json && is_path(text.text)) return address(above, known, false);
  problems_.add(text.place, "'default' is for what an object or element may leave out, not for '" + text.text + "'");
  return std::nullopt;
}

std::optional<JsonAddress> AddressCompiler::json(const Text& text, Names& known, bool binds) {
  JsonAddress address;
  if (text.text.empty()) return address;
  if (text.text[0] != '/') {
    problems_.add(text.place,
                  "an address in JSON begins with '/' (or is empty: the whole): did you mean '/" + text.text + "'?");
    return std::nullopt;
  }
  std::vector<std::string_view> tokens;
  split_levels(std::string_view(text.text).substr(1), tokens);
  for (const std::string_view token : tokens) {
    std::optional<JsonStep> step = json_step(token, text, known, binds);
    if (!step) return std::nullopt;
    address.steps.push_back(std::move(*step));
  }
  return address;
}

std::optional<JsonStep> AddressCompiler::json_step(std::string_view token, const Text& text, Names& known, bool binds) {
  JsonStep step;
  if (is_placeholder(token)) {
    const std::string_view name = token.substr(1, token.size() - 2);
    const bool is_known = contains(known, name);
    if (!is_known && !binds) {
      unknown(text, name, known);
      return std::nullopt;
    }
    if (!is_known) known.emplace_back(name);
    step.kind = is_known ? JsonStep::Kind::bound : JsonStep::Kind::wildcard;
    step.slot = slot(name);
    return step;
  }
  const std::optional<std::string> key = unescaped(token);
  if (token.find_first_of("{}") != std::string_view::npos || !key) {
    problems_.add(text.place, !key ? "in an address ~ is written ~0, and / in a name ~1"
                                   : "a placeholder stands for a whole name, as in /{sensor}/Temperature: '" +
                                         std::string(token) + "' does not");
    return std::nullopt;
  }
  step.key = *key;
  step.hash = key_hash(step.key);
  return step;
}

std::optional<XmlAddress> AddressCompiler::xml(const Text& text) {
  std::string wrong;
  if (std::shared_ptr<const XPath> path = XPath::compile(text.text, relative_, wrong))
    return XmlAddress{std::move(path)};
  problems_.add(text.place, "'" + text.text + "': " + wrong);
  return std::nullopt;
}

std::optional<CsvAddress> AddressCompiler::csv(const Text& text) {
  CsvColumn column{text.text, 0};
  const char* end = text.text.data() + text.text.size();
  const auto [stop, error] = std::from_chars(text.text.data(), end, column.number);
  const bool is_number = error == std::errc() && stop == end;
  if (!is_number) column.number = 0;
  std::string wrong;
  if (text.text.empty() || (is_number && column.number == 0))
    wrong = "a column is called by its name or its number, from 1";
  else if (!is_number && !schema_.csv.header && schema_.csv.columns.empty())
    wrong = "without a header and without 'columns' a column is called by its number, not '" + text.text + "'";
  else if (!is_number && !schema_.csv.columns.empty() && !contains(schema_.csv.columns, text.text)) {
    const std::vector<std::string_view> known(schema_.csv.columns.begin(), schema_.csv.columns.end());
    wrong = "'" + text.text + "' is none of the columns" + did_you_mean(text.text, known);
  }
  if (!wrong.empty()) {
    problems_.add(text.place, wrong);
    return std::nullopt;
  }
  const auto same = [&](const CsvColumn& one) { return one.name == column.name; };
  const auto found = std::find_if(plan_.columns.begin(), plan_.columns.end(), same);
  const CsvAddress address{static_cast<std::size_t>(found - plan_.columns.begin())};
  if (found == plan_.columns.end()) plan_.columns.push_back(std::move(column));
  return address;
}

std::optional<TextAddress> AddressCompiler::group(const Text& text) {
  std::vector<std::string_view> known = {"value"};
  if (plan_.pattern != nullptr) {
    const std::vector<std::string>& groups = plan_.pattern->groups();
    const auto found = std::find(groups.begin(), groups.end(), text.text);
    if (found != groups.end() && !text.text.empty()) return TextAddress{static_cast<int>(found - groups.begin()) + 1};
    for (const std::string& name : groups)
      if (!name.empty()) known.push_back(name);
  }
  if (text.text == "value") return TextAddress{0};
  problems_.add(text.place, "'" + text.text + "' is neither 'value' nor a named group of 'pattern'" +
                                did_you_mean(text.text, known));
  return std::nullopt;
}

bool AddressCompiler::knows(std::string_view name, const Names& known) const {
  if (contains(known, name)) return true;
  if (schema_.format == Format::csv) return contains(schema_.csv.columns, name);
  return plan_.pattern != nullptr && contains(plan_.pattern->groups(), name);
}

void AddressCompiler::unknown(const Text& text, std::string_view name, const Names& known) {
  std::vector<std::string_view> names(known.begin(), known.end());
  if (plan_.pattern != nullptr)
    names.insert(names.end(), plan_.pattern->groups().begin(), plan_.pattern->groups().end());
  problems_.add(text.place, "nothing here is called {" + std::string(name) + "}" + did_you_mean(name, names));
}

std::optional<TextPart> AddressCompiler::part(const Text& inside, Names& known) {
  TextPart part;
  part.kind = TextPart::Kind::slot;
  const std::string& name = inside.text;
  if (contains(known, name)) {
    part.slot = slot(name);
    return part;
  }
  part.kind = TextPart::Kind::address;
  const bool is_path = !name.empty() && (name[0] == '/' || name[0] == '@' || name[0] == '.');
  const bool has_paths = schema_.format == Format::json || schema_.format == Format::xml;
  const bool is_column = schema_.format == Format::csv && (schema_.csv.header || knows(name, known));
  if ((is_path && has_paths) || is_column || (schema_.format == Format::text && knows(name, known))) {
    std::optional<Address> address = this->address(inside, known, false);
    if (!address) return std::nullopt;
    part.address = std::move(*address);
    return part;
  }
  unknown(inside, name, known);
  return std::nullopt;
}

std::optional<TextParts> AddressCompiler::text_parts(const Text& text, Names& known) {
  TextParts parts;
  std::string_view rest = text.text;
  bool good = true;
  while (!rest.empty()) {
    const std::size_t begin = rest.find('{');
    if (begin > 0) {
      parts.emplace_back();
      parts.back().literal = rest.substr(0, begin);
    }
    if (begin == std::string_view::npos) break;
    const std::size_t end = rest.find('}', begin);
    if (end == std::string_view::npos) {
      problems_.add(text.place, "a { is not closed in '" + text.text + "'");
      return std::nullopt;
    }
    std::optional<TextPart> found = part({std::string(rest.substr(begin + 1, end - begin - 1)), text.place}, known);
    good = good && found;
    if (found) parts.push_back(std::move(*found));
    rest.remove_prefix(end + 1);
  }
  if (!good) return std::nullopt;
  return parts;
}

}  // namespace sluice::normalize
