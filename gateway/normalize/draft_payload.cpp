#include "gateway/normalize/draft_payload.h"

#include <algorithm>
#include <array>
#include <set>

#include <re2/re2.h>

#include "gateway/core/json_text.h"
#include "gateway/normalize/draft_words.h"
#include "gateway/normalize/json_tape.h"
#include "gateway/normalize/number_text.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t field_name_max = 150;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

struct Words {
  std::string_view online, offline;
};
constexpr std::array presence_words = {Words{"online", "offline"}, Words{"connected", "disconnected"},
                                       Words{"available", "unavailable"}};

std::string written_like(std::string_view word, std::string_view like) {
  std::string out(word);
  const bool all = like.size() > 1 && like[1] >= 'A' && like[1] <= 'Z';
  const bool first = !like.empty() && like[0] >= 'A' && like[0] <= 'Z';
  for (std::size_t i = 0; i < out.size(); ++i)
    if (all || (first && i == 0)) out[i] = static_cast<char>(out[i] - 'a' + 'A');
  return out;
}

/// Online and offline are presence if nothing else is said.
void look_for_presence(Look& look) {
  if (look.fields.size() != 1 || look.each) return;
  const std::string& said = look.fields[0].sample;
  for (const Words& words : presence_words) {
    const std::string online = written_like(words.online, said), offline = written_like(words.offline, said);
    if (said != online && said != offline) continue;
    look.presence = true;
    look.online = {online};
    look.offline = {offline};
  }
}

Look look_at_text(std::string_view text) {
  Look look;
  add_field(look, "value", {}, text, '.');
  return look;
}

void append_words(std::vector<std::string>& to, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    if (std::find(to.begin(), to.end(), word) == to.end()) to.push_back(word);
}

void append_masked(std::string& out, const JsonTape& tape, std::uint32_t at) {
  const JsonTape::Node& node = tape.nodes()[at];
  if (!node.is_container()) return tape.append_json(out, at);
  const bool object = node.kind == JsonTape::Node::Kind::object;
  out += object ? '{' : '[';
  bool first = true;
  for (std::uint32_t i = at + 1; i < node.next; i = tape.nodes()[i].next) {
    const JsonTape::Node& part = tape.nodes()[i];
    if (part.replaced) continue;
    if (!first) out += ',';
    first = false;
    if (object) append_json_string(out, part.key);
    if (object) out += ':';
    if (object && looks_secret(part.key))
      out += "\"***\"";
    else
      append_masked(out, tape, i);
  }
  out += object ? '}' : ']';
}

}  // namespace

void add_field(Look& look, std::string address, std::vector<std::string> path, std::string_view value, char decimal) {
  value = trimmed(value);
  if (address.size() > field_name_max) return;  // YAML keys and names of readings have their limits
  const auto secret = [](const std::string& part) { return looks_secret(part); };
  if (std::any_of(path.begin(), path.end(), secret)) {
    look.masked = true;
    return;
  }
  const auto same = [&](const Look::Field& one) { return one.address == address; };
  auto field = std::find_if(look.fields.begin(), look.fields.end(), same);
  if (field == look.fields.end()) {
    if (look.fields.size() >= draft_fields_max) return;
    field = look.fields.emplace(look.fields.end());
    field->address = std::move(address);
    field->path = std::move(path);
    field->sample = value;
  }
  const std::optional<double> number = parse_number(value, decimal);
  if (!number) field->numbers = false;
  if (!number) return;
  field->low = std::min(field->low, *number);
  field->high = std::max(field->high, *number);
}

bool Look::add(const Look& other) {
  if (format != other.format || presence != other.presence || each != other.each ||
      csv.delimiter != other.csv.delimiter || csv.header != other.csv.header)
    return false;
  for (const Field& one : other.fields) {
    const auto same = [&](const Field& mine) { return mine.address == one.address; };
    const auto mine = std::find_if(fields.begin(), fields.end(), same);
    if (mine == fields.end()) {
      if (fields.size() < draft_fields_max) fields.push_back(one);
      continue;
    }
    mine->numbers = mine->numbers && one.numbers;
    mine->low = std::min(mine->low, one.low);
    mine->high = std::max(mine->high, one.high);
  }
  if (other.csv.decimal != '.') csv.decimal = other.csv.decimal;
  masked = masked || other.masked;
  append_words(online, other.online);
  append_words(offline, other.offline);
  return true;
}

double Look::likeness(const Look& other) const {
  std::set<std::string_view> mine, all;
  for (const Field& field : fields) mine.insert(field.address);
  all = mine;
  std::size_t both = 0;
  for (const Field& field : other.fields) {
    both += mine.contains(field.address) ? 1 : 0;
    all.insert(field.address);
  }
  return all.empty() ? 1 : static_cast<double>(both) / static_cast<double>(all.size());
}

std::optional<Look> look_at(std::string_view payload) {
  if (!is_utf8(payload) || payload.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string_view text = trimmed(payload);
  std::optional<Look> look = look_at_json(text);
  if (!look && text.starts_with('{')) return std::nullopt;  // broken, and to be quarantined, not read as text
  if (!look) look = look_at_xml(text);
  if (!look) look = look_at_csv(text);
  if (!look) look = look_at_text(text);
  look_for_presence(*look);
  return look;
}

std::optional<std::string> masked(std::string_view payload, const Look& look) {
  if (!look.masked) {
    // Text that nobody could take apart may hold one all the same.
    static const RE2 secret(
        R"((?i)((?:password|passwd|passphrase|secret|token|psk|apikey|api_key|passkey)["']?\s*[=:]\s*["']?)[^"'&;,\s<]+)");
    std::string out(payload);
    if (look.format == Format::text) RE2::GlobalReplace(&out, secret, R"(\1***)");
    return out;
  }
  JsonTape tape;
  if (look.format != Format::json || tape.read(payload)) return std::nullopt;
  std::string out;
  append_masked(out, tape, 0);
  return out;
}

}  // namespace sluice::normalize
