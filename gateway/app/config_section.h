#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::app {

/// What is gathered while one file is read.
struct Reading {
  normalize::Problems& problems;
  normalize::Problems warnings;
  std::filesystem::path folder;                      ///< where relative paths begin
  std::map<std::string, normalize::Place> places{};  ///< of single values, by their key
  std::set<std::string> keys;                        ///< every key that was asked for, in the file or not
  bool secret_in_the_open = false;                   ///< a secret stands in the file itself
  /// Everything read so far: keys and values, secrets and the text of named files too. To tell whether a part of the
  /// file says what it said before; never shown.
  std::string said{};
};

/// A value of the file with `${…}` filled in.
struct Value {
  std::string text;
  const normalize::YamlNode* node = nullptr;

  /// Whether the text is what stands in the file, and so may stand in a message.
  bool literal() const { return text == node->text; }
};

template <class T>
struct Bounds {
  T least, most;
};

/// A map of the configuration, or one that is absent and leaves every default as it is. Each key is asked for once, by
/// what it shall be: whatever is not that becomes a problem at its place and leaves the default. At its end a Section
/// refuses the keys that nobody asked for, so the code that reads is the list of keys.
class Section {
 public:
  /// The whole file, a map or nothing. `root` outlives the Section and its children.
  Section(const normalize::YamlNode& root, Reading& reading);
  ~Section();
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  /// The map under `key`; absent also where there is nothing after the colon.
  Section section(std::string_view key);
  /// Calls `read(Section&)` for each map of the list under `key`.
  template <class Read>
  void each(std::string_view key, Read read) {
    for (const normalize::YamlNode* item : maps(key)) {
      Section one(item, item->place, path_of(key) + "[]", reading_);
      read(one);
    }
  }

  std::optional<Value> value(std::string_view key);  ///< never empty
  std::optional<Value> required(std::string_view key, std::string_view what_to_write);
  void text(std::string_view key, std::string& value);    ///< one line: no control characters
  void secret(std::string_view key, std::string& value);  ///< the same; never quoted in a message
  void path(std::string_view key, std::filesystem::path& value);
  void readable_file(std::string_view key, std::string& value);  ///< a path; the file can be opened now
  void flag(std::string_view key, bool& value);
  void duration(std::string_view key, Duration& value, Bounds<Duration> bounds);
  template <class T>
  void size(std::string_view key, T& value, Bounds<std::int64_t> bounds) {
    if (const auto bytes = size_of(key, bounds)) value = static_cast<T>(*bytes);
  }
  template <class T>
  void number(std::string_view key, T& value, Bounds<std::int64_t> bounds) {
    if (const auto read = number_of(key, bounds)) value = static_cast<T>(*read);
  }
  template <class E>
  void choice(std::string_view key, E& value, std::initializer_list<std::pair<std::string_view, E>> choices) {
    std::vector<std::string_view> words;
    for (const auto& [word, meaning] : choices) words.push_back(word);
    if (const auto index = choice_of(key, words)) value = choices.begin()[*index].second;
  }
  std::vector<Value> list(std::string_view key);                        ///< of single values
  std::vector<const normalize::YamlNode*> items(std::string_view key);  ///< of anything
  std::vector<std::pair<const normalize::YamlNode::Member*, Value>> members(
      std::string_view key);  ///< of a map with free keys

  /// The node under `key`, null if there is none or nothing after the colon. Counts as asked for.
  const normalize::YamlNode* find(std::string_view key);
  bool has(std::string_view key) const;
  /// A problem with the value of `key`, or with the section where the key is absent.
  void fail(std::string_view key, std::string_view message);
  void fail_at(const normalize::Place& place, std::string_view key, std::string_view message);
  /// What else stands here is not looked at.
  void leave_the_rest() { node_ = nullptr; }
  std::filesystem::path resolved(const Value& value) const;  ///< as a path, from the configuration's folder on
  std::string shown(const Value& value) const;               ///< that path for a message
  std::optional<Value> value_of(const normalize::YamlNode& node, std::string_view key);
  Reading& reading() { return reading_; }

 private:
  Section(const normalize::YamlNode* node, normalize::Place place, std::string path, Reading& reading);

  std::string path_of(std::string_view key) const;
  void say(std::string_view key, std::string_view what);
  std::vector<const normalize::YamlNode*> maps(std::string_view key);
  std::optional<std::int64_t> size_of(std::string_view key, Bounds<std::int64_t> bounds);
  std::optional<std::int64_t> number_of(std::string_view key, Bounds<std::int64_t> bounds);
  std::optional<std::size_t> choice_of(std::string_view key, const std::vector<std::string_view>& words);

  const normalize::YamlNode* node_;  ///< null: absent
  normalize::Place place_;           ///< of the section, or of what it is absent from
  std::string path_;                 ///< "clouds[].batch"; empty for the file
  Reading& reading_;
  std::vector<std::string> asked_;
  bool refused_ = false;  ///< something else than a map stands here; that is told, and enough
};

}  // namespace sluice::app
