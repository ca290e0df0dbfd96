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

bool has_braces(std::string_view text) {
  return text.find_first_of("{}") != std::string_view::npos;
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

bool has_wildcard(const Address& address) {
  if (const auto* json = std::get_if<JsonAddress>(&address.way))
    return std::any_of(json->steps.begin(), json->steps.end(),
                       [](const JsonStep& step) { return step.kind == JsonStep::Kind::wildcard; });
  if (const auto* xml = std::get_if<XmlAddress>(&address.way)) return xml->wildcard.has_value();
  const auto* column = std::get_if<ColumnAddress>(&address.way);
  return column != nullptr && column->kind == ColumnAddress::Kind::wildcard;
}

}  // namespace

AddressCompiler::AddressCompiler(const MessageSchema& schema, const std::vector<TopicPattern>& topics,
                                 MessagePlan& plan, Problems& problems)
    : schema_(schema), plan_(plan), problems_(problems) {
  for (const TopicPattern& topic : topics)
    for (const std::string& name : topic.names()) {
      if (contains(topic_names_, name) || contains(some_topics_names_, name)) continue;
      const bool in_all = std::all_of(topics.begin(), topics.end(),
                                      [&](const TopicPattern& one) { return contains(one.names(), name); });
      (in_all ? topic_names_ : some_topics_names_).push_back(name);
    }
}

bool AddressCompiler::stands_in_some_topics_only(const Text& text, std::string_view name) {
  if (!contains(some_topics_names_, name)) return false;
  problems_.add(text.place, "{" + std::string(name) + "} stands in some of the message's topics, but not in all");
  return true;
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
      good = use(xml(text, known, binds));
      break;
    case Format::csv:
      good = use(column(text, known, binds));
      break;
    case Format::text:
      good = schema_.pairs ? use(column(text, known, binds)) : use(group(text));
      break;
  }
  if (!good) return std::nullopt;
  address.has_wildcard = has_wildcard(address);
  for (std::size_t i = 0; carried_ != nullptr && i < carried_->size(); ++i)
    if ((*carried_)[i].text == text.text) address.carried = i;
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
    // What may be an index needs no object that has it.
    if (step->kind == JsonStep::Kind::member && JsonTape::index_of(step->key) == Binding::nowhere)
      address.keys.add(step->hash);
    address.steps.push_back(std::move(*step));
  }
  return address;
}

std::optional<AddressCompiler::Placeholder> AddressCompiler::placeholder(const NamePart& part, const Text& text,
                                                                         Names& known, bool binds) {
  const bool is_known = contains(known, part.name);
  if (!is_known && (!binds || stands_in_some_topics_only(text, part.name))) {
    if (!binds) unknown(text, part.name, known);
    return std::nullopt;
  }
  const std::size_t index = slot(part.name);
  found_as_.resize(slots_.size());
  if (!is_known) known.push_back(part.name);
  if (!is_known) found_as_[index] = part;
  return Placeholder{index, !is_known};
}

std::optional<JsonStep> AddressCompiler::json_step(std::string_view token, const Text& text, Names& known, bool binds) {
  JsonStep step;
  std::optional<NamePart> part = NamePart::parse(token);
  const std::optional<std::string> key = unescaped(part ? part->prefix : token);
  const std::optional<std::string> suffix = unescaped(part ? part->suffix : "");
  if (!key || !suffix || (!part && has_braces(token))) {
    problems_.add(text.place, !key || !suffix ? "in an address ~ is written ~0, and / in a name ~1"
                                              : "a name may have one placeholder, as in /{sensor}/temp_{n}: '" +
                                                    std::string(token) + "' is not so");
    return std::nullopt;
  }
  if (!part) {
    step.key = *key;
    step.hash = key_hash(step.key);
    return step;
  }
  step.part = {*key, part->name, *suffix};
  const std::optional<Placeholder> found = placeholder(step.part, text, known, binds);
  if (!found) return std::nullopt;
  step.kind = found->is_wildcard ? JsonStep::Kind::wildcard : JsonStep::Kind::bound;
  step.slot = found->slot;
  step.as_found = found_as_[step.slot] == step.part;
  return step;
}

std::optional<XmlAddress> AddressCompiler::xml(const Text& text, Names& known, bool binds) {
  XmlAddress address;
  std::string expression = text.text;
  std::string wrong;
  address.wildcard = take_wildcard(expression, wrong);
  if (address.wildcard && wrong.empty()) {
    const std::optional<Placeholder> found = placeholder(*address.wildcard, text, known, binds);
    if (!found) return std::nullopt;
    address.slot = found->slot;
    if (!found->is_wildcard)
      wrong = "{" + address.wildcard->name + "} stands for something already: an XPath cannot look for it";
  }
  if (wrong.empty()) address.path = XPath::compile(expression, relative_, wrong);
  if (wrong.empty() && address.path != nullptr) return address;
  problems_.add(text.place, "'" + text.text + "': " + wrong);
  return std::nullopt;
}

std::string AddressCompiler::why_no_column(const Column& column) const {
  if (schema_.format == Format::text) return column.name.empty() ? "one of the pairs is called by its name" : "";
  const bool is_zero = column.name.find_first_not_of('0') == std::string::npos;
  if (is_zero) return "a column is called by its name or its number, from 1";
  if (column.number > 0) return {};
  if (!schema_.csv.header && schema_.csv.columns.empty())
    return "without a header and without 'columns' a column is called by its number, not '" + column.name + "'";
  if (schema_.csv.columns.empty() || contains(schema_.csv.columns, column.name)) return {};
  const std::vector<std::string_view> known(schema_.csv.columns.begin(), schema_.csv.columns.end());
  return "'" + column.name + "' is none of the columns" + did_you_mean(column.name, known);
}

std::optional<ColumnAddress> AddressCompiler::columns(const NamePart& part, const Text& text, Names& known,
                                                      bool binds) {
  const std::optional<Placeholder> found = placeholder(part, text, known, binds);
  if (!found) return std::nullopt;
  plan_.columns.by_name = true;
  return ColumnAddress{found->is_wildcard ? ColumnAddress::Kind::wildcard : ColumnAddress::Kind::bound, 0, found->slot,
                       part};
}

std::optional<ColumnAddress> AddressCompiler::column(const Text& text, Names& known, bool binds) {
  if (const std::optional<NamePart> part = NamePart::parse(text.text)) return columns(*part, text, known, binds);
  Column column{text.text, 0, true};
  const char* end = text.text.data() + text.text.size();
  const auto [stop, error] = std::from_chars(text.text.data(), end, column.number);
  if (error != std::errc() || stop != end || schema_.format == Format::text) column.number = 0;
  if (const std::string wrong = why_no_column(column); !wrong.empty()) {
    problems_.add(text.place, wrong);
    return std::nullopt;
  }
  std::vector<Column>& list = plan_.columns.list;
  const auto same = [&](const Column& one) { return one.name == column.name; };
  const auto found = std::find_if(list.begin(), list.end(), same);
  const auto index = static_cast<std::size_t>(found - list.begin());
  if (found == list.end()) list.push_back(std::move(column));
  list[index].read = true;
  return ColumnAddress{ColumnAddress::Kind::column, index, 0, {}};
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
  if (stands_in_some_topics_only(text, name)) return;
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
  const bool is_column = schema_.pairs || (schema_.format == Format::csv && (schema_.csv.header || knows(name, known)));
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
