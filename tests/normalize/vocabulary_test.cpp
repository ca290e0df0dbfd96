// One vocabulary: what the table "Names of readings" of schemas/README.md says holds in every family that ships.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/normalize/draft_words.h"
#include "gateway/normalize/explanation.h"
#include "gateway/normalize/library.h"
#include "gateway/normalize/schema.h"
#include "tests/normalize/json_schema.h"

namespace sluice::normalize {
namespace {

const std::filesystem::path readme = SLUICE_SOURCE_DIR "/schemas/README.md";
const std::string none = "none";

/// By the end of a reading's name its units; "none" is one of them where it may have none.
using Vocabulary = std::map<std::string, std::set<std::string>>;

/// The words of a cell: `a`, `b` and none.
std::vector<std::string> words_of(const std::string& cell) {
  std::vector<std::string> words;
  if (cell.find(none) != std::string::npos) words.push_back(none);
  for (std::size_t begin = cell.find('`'); begin != std::string::npos;) {
    const std::size_t end = cell.find('`', begin + 1);
    if (end == std::string::npos) break;
    words.push_back(cell.substr(begin + 1, end - begin - 1));
    begin = cell.find('`', end + 1);
  }
  return words;
}

Vocabulary read_vocabulary(const std::string& text) {
  Vocabulary vocabulary;
  std::size_t at = text.find("| name | unit | what |\n", text.find("## Names of readings"));
  if (at == std::string::npos) throw std::runtime_error("schemas/README.md: where is the table 'Names of readings'?");
  at = text.find('\n', text.find('\n', at) + 1) + 1;  // behind the line under its head
  for (; text[at] == '|'; at = text.find('\n', at) + 1) {
    const std::size_t middle = text.find('|', at + 1), end = text.find('|', middle + 1);
    const std::vector<std::string> units = words_of(text.substr(middle, end - middle));
    for (const std::string& name : words_of(text.substr(at, middle - at)))
      if (!vocabulary.emplace(name, std::set<std::string>(units.begin(), units.end())).second)
        ADD_FAILURE() << "schemas/README.md: '" << name << "' stands in the table 'Names of readings' twice";
  }
  return vocabulary;
}

const Vocabulary& vocabulary() {
  static const Vocabulary table = read_vocabulary(stage::text_of(readme));
  return table;
}

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// A name without what only tells several apart: "energy.power.{phase}", "power2", "voltage_{n}".
std::string without_number(std::string name) {
  for (bool more = true; more && !name.empty();) {
    const std::string before = name;
    if (name.ends_with('}')) name.resize(name.rfind('{'));
    if (name.ends_with('.') || name.ends_with('_')) name.pop_back();
    const std::size_t last = name.find_last_not_of("0123456789");
    if (last != std::string::npos && last + 1 < name.size() && name[last] == '.') name.resize(last);
    more = name != before;
  }
  return name;
}

/// The longest end of the name that the table has; null if it has none.
const Vocabulary::value_type* find_end(const std::string& name) {
  for (std::size_t at = 0; at != std::string::npos && at < name.size();) {
    if (const auto found = vocabulary().find(name.substr(at)); found != vocabulary().end()) return &*found;
    const std::size_t dot = name.find('.', at);
    at = dot == std::string::npos ? dot : dot + 1;
  }
  return nullptr;
}

/// What the table has of this reading: under its name, or that without the number that it may end with.
const Vocabulary::value_type* find_quantity(const std::string& name) {
  std::string quantity = without_number(name);
  if (const auto* found = find_end(quantity)) return found;
  while (!quantity.empty() && is_digit(quantity.back())) quantity.pop_back();
  return find_end(without_number(quantity));
}

std::vector<std::string> units_of(const ReadingSchema& reading) {
  std::vector<std::string> all;
  if (!reading.unit.text.empty()) all.push_back(reading.unit.text);
  for (const auto& [said, unit] : reading.unit.map) all.push_back(unit.text);
  return all;
}

/// What is wrong with a reading's name or unit; empty if nothing is.
std::string complaint(const ReadingSchema& reading) {
  const std::string name = without_number(reading.name.text);
  if (name.empty() || name.ends_with('}')) return {};  // the device says what it is
  const auto* known = find_quantity(reading.name.text);
  const std::vector<std::string> units = units_of(reading);
  const std::string end = name.substr(name.rfind('.') + 1);
  const std::string table = "the table 'Names of readings' of schemas/README.md";
  if (known == nullptr && !units.empty())
    return "'" + reading.name.text + "' has the unit " + units[0] + ", and '" + end + "' is not in " + table +
           ": call it as the table calls such a quantity, or add the row  | `" + end + "` | `" + units[0] +
           "` | what it is |";
  if (known == nullptr) return {};
  if (units.empty() && !reading.unit.at && !known->second.contains(none))
    return "'" + reading.name.text + "' has no unit, but '" + known->first + "' has " + *known->second.begin() +
           " by " + table + ": give it one, call it otherwise, or add  none  to the units of its row";
  for (const std::string& unit : units)
    if (!known->second.contains(unit))
      return "'" + reading.name.text + "' has the unit " + unit + ", but '" + known->first + "' has " +
             *known->second.begin() + " by " + table + ": convert it, or call it otherwise";
  return {};
}

TEST(Vocabulary, is_kept_by_every_family) {
  Problems problems;
  const auto library = Library::load({readme.parent_path(), {}, std::nullopt}, problems);
  ASSERT_NE(library, nullptr) << problems.text();
  for (const Family& family : library->families())
    for (const MessageSchema& message : family.messages)
      for (const ReadingSchema& reading : message.readings)
        if (const std::string wrong = complaint(reading); !wrong.empty())
          ADD_FAILURE() << place_text(reading.name.place) << ": " << wrong;
}

ReadingSchema reading(const std::string& name, const std::string& unit) {
  ReadingSchema reading;
  reading.name.text = name;
  reading.unit.text = unit;
  return reading;
}

TEST(Vocabulary, sees_what_is_called_otherwise) {
  for (const char* name : {"temperature", "ds18b20.temperature", "{sensor}.temperature", "temperature.0",
                           "temperature_2", "temperature2", "temperature.{n}", "temperature_{n}"}) {
    EXPECT_EQ(complaint(reading(name, "Cel")), "") << name;
    EXPECT_NE(complaint(reading(name, "W")), "") << name;
    EXPECT_NE(complaint(reading(name, "")), "") << name;
  }
  EXPECT_EQ(complaint(reading("pm10", "ug/m3")), "");
  EXPECT_EQ(complaint(reading("{quantity}", "W")), "");
  EXPECT_EQ(complaint(reading("whatever", "")), "");
  EXPECT_NE(complaint(reading("whatever", "W")).find("add the row  | `whatever` | `W` |"), std::string::npos);
  EXPECT_EQ(complaint(reading("rain.total", "mm")), "");
  EXPECT_EQ(complaint(reading("energy.total", "kWh")), "");
  EXPECT_NE(complaint(reading("energy.total", "mm")), "");
}

TEST(Vocabulary, is_that_of_drafts) {
  int checked = 0;
  for (const auto& [name, units] : vocabulary()) {
    const Quantity guessed = quantity_of(name, 10, 20);
    if (guessed.name != name || guessed.unit.empty()) continue;
    EXPECT_TRUE(units.contains(guessed.unit)) << name << ": a draft gives it " << guessed.unit;
    ++checked;
  }
  EXPECT_GT(checked, 15);
}

}  // namespace
}  // namespace sluice::normalize
