#include "gateway/normalize/draft.h"

#include <algorithm>
#include <set>
#include <utility>

#include "gateway/normalize/draft_topics.h"
#include "gateway/normalize/draft_words.h"
#include "gateway/normalize/draft_yaml.h"
#include "gateway/normalize/examples.h"
#include "gateway/normalize/library.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t examples_max = 4;         ///< of a message
constexpr std::size_t example_size_max = 8192;  ///< a payload larger than this is no example to read
constexpr std::size_t example_events_max = 20;
constexpr const char* placeholder_message = "  - { name: x, topic: x, device: x, format: text, readings: {} }\n";
constexpr const char* draft_file = "draft.yaml";

std::shared_ptr<const Library> library_of(const std::string& text, std::string& wrong) {
  Problems problems;
  auto library = Library::of_text(text, draft_file, problems);
  if (library == nullptr) wrong = problems.text();
  return library;
}

std::string family_of(const std::string& topic) {
  std::string name = plain_word(topic.substr(0, topic.find('/')));
  if (name.empty() || name == "auto" || name == "sluice") name = "my_devices";
  return name;
}

}  // namespace

/// The file under way: its messages first, then the examples, which take what the messages make of them.
class DraftWriting {
 public:
  DraftWriting(const Draft& draft, const std::string& filter) : draft_(draft) {
    std::vector<TopicSeen> seen;
    for (const auto& [topic, messages] : draft.by_topic_) add_seen(seen, topic, messages);
    shapes_ = topic_shapes(seen, filter);
    order();
  }

  bool empty() const { return shapes_.empty(); }
  /// Of the topic that most has come on.
  std::string guessed_family() const {
    const auto fewer = [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); };
    return family_of(std::max_element(draft_.by_topic_.begin(), draft_.by_topic_.end(), fewer)->first);
  }

  Result<std::string> write(const std::string& family) {
    std::string head = "family: " + yaml_word(family) + "\n" + "title: " + yaml_word(family) + "\n" +
                       "about: A first draft, guessed from messages. Look at each name and unit before you use it.\n" +
                       "messages:\n";
    if (std::string wrong; library_of(head + placeholder_message, wrong) == nullptr)
      return invalid("'" + family + "' cannot be a family's name: " + wrong);
    leave_out_impossible(head);
    if (empty()) return invalid("no schema can have these topics");
    name_all();
    std::string without = head;
    for (const std::string& message : messages_) without += message;
    std::string wrong;
    const auto library = library_of(without, wrong);
    if (library == nullptr) return invalid("the draft is no schema, which is a mistake of this program: " + wrong);
    Normalizer normalizer(library, {Unmatched::ignore, example_zone});
    for (std::size_t i = 0; i < shapes_.size(); ++i)
      head += messages_[i] + examples(shapes_[i], family + "/" + names_[i], normalizer);
    return head;
  }

 private:
  /// Topics beyond a schema's limits, and whatever else a schema cannot say.
  void leave_out_impossible(const std::string& head) {
    std::erase_if(shapes_, [&](const TopicShape& shape) {
      std::string wrong;
      return library_of(head + message_yaml(shape, "x", ""), wrong) == nullptr;
    });
  }

  /// A topic on which messages of several kinds come is several.
  void add_seen(std::vector<TopicSeen>& seen, const std::string& topic, const std::vector<std::size_t>& messages) {
    const std::size_t before = seen.size();
    for (const std::size_t i : messages) {
      const std::optional<Look> look = look_at(draft_.kept_[i].payload);
      if (!look) continue;
      const auto same = std::find_if(seen.begin() + static_cast<std::ptrdiff_t>(before), seen.end(),
                                     [&](TopicSeen& one) { return one.look.add(*look); });
      if (same == seen.end())
        seen.push_back({topic, *look, {i}});
      else
        same->messages.push_back(i);
    }
  }

  /// Of one topic those with the strictest format first; what is left is text.
  void order() {
    std::stable_sort(shapes_.begin(), shapes_.end(), [](const TopicShape& a, const TopicShape& b) {
      return std::pair(a.pattern(), rank(a.look)) < std::pair(b.pattern(), rank(b.look));
    });
  }
  static int rank(const Look& look) {
    if (look.format == Format::text) return look.presence ? 4 : 5;
    return look.format == Format::csv ? 3 : look.presence ? 1 : 2;
  }

  void name_all() {
    std::set<std::string> taken;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      std::string name = plain_word(shapes_[i].subject());
      if (name.empty()) name = shapes_[i].look.presence ? "presence" : "message";
      const std::string base = name;
      for (int twin = 2; !taken.insert(name).second; ++twin) name = base + "_" + std::to_string(twin);
      const bool another = i + 1 < shapes_.size() && shapes_[i + 1].pattern() == shapes_[i].pattern();
      names_.push_back(name);
      messages_.push_back(message_yaml(shapes_[i], name, another ? when_yaml(shapes_[i].look) : ""));
    }
  }

  /// What lets the next message of the same topic have its turn.
  static std::string when_yaml(const Look& look) {
    if (look.format == Format::text) return "    when: pattern\n    pattern: " + pattern_of(look) + "\n";
    if (look.format == Format::json)
      return "    when: " +
             yaml_word(look.each             ? *look.each
                       : look.fields.empty() ? ""
                                             : look.fields[0].address) +
             "\n";
    return look.fields.empty() || look.each ? "" : "    when: " + yaml_word(look.fields[0].address) + "\n";
  }
  static std::string pattern_of(const Look& look) {
    std::string words;
    for (const auto* list : {&look.online, &look.offline})
      for (const std::string& word : *list) words += (words.empty() ? "" : "|") + word;
    return yaml_word(look.presence ? "(?P<value>" + words + ")" : "(?P<value>.*)");
  }

  /// Messages that show something new, shortest first; those that the schema does not take for its own are left out.
  std::string examples(const TopicShape& shape, const std::string& schema, Normalizer& normalizer) const {
    std::vector<std::size_t> all;
    for (const auto& [topic, messages] : shape.topics) all.insert(all.end(), messages.begin(), messages.end());
    std::stable_sort(all.begin(), all.end(), [&](std::size_t a, std::size_t b) {
      return draft_.kept_[a].payload.size() < draft_.kept_[b].payload.size();
    });
    std::string out;
    std::size_t count = 0;
    std::set<std::string> shown;
    for (const std::size_t i : all) {
      if (count >= examples_max) break;
      const std::string example = example_of(draft_.kept_[i], schema, normalizer, shown);
      if (!example.empty()) count += 1;
      out += example;
    }
    return out.empty() ? "" : "    examples:\n" + out;
  }

  static std::string example_of(const Draft::Kept& kept, const std::string& schema, Normalizer& normalizer,
                                std::set<std::string>& shown) {
    const std::optional<Look> look = look_at(kept.payload);
    if (!look || kept.payload.size() > example_size_max || !shows_new(*look, shown)) return {};
    const std::optional<std::string> payload = masked(kept.payload, *look);
    // `${` would be a setting's name.
    if (!payload || payload->find("${") != std::string::npos) return {};
    const Message message = example_message(kept.topic, *payload, kept.retained);
    std::vector<Record> records;
    Trace trace;
    const Fate fate = normalizer.normalize(message, records, &trace);
    if (!trace.applied || trace.asked.back().schema->full_name != schema || records.size() > example_events_max)
      return {};
    return example_yaml(message, fate, records);
  }

  /// A field that no example has shown yet; of bare values each that is another.
  static bool shows_new(const Look& look, std::set<std::string>& shown) {
    bool fresh = false;
    for (const Look::Field& field : look.fields)
      fresh |= shown.insert(field.path.empty() ? field.sample : field.address).second;
    return fresh || (look.fields.empty() && shown.empty());
  }

  const Draft& draft_;
  std::vector<TopicShape> shapes_;
  std::vector<std::string> names_, messages_;
};

void Draft::add(const std::string& topic, const std::string& payload, bool retained) {
  const auto known = by_topic_.find(topic);
  const bool fits = topic.size() <= limits_.topic_size_max && payload.size() <= limits_.payload_max &&
                    bytes_ + payload.size() <= limits_.bytes_max && kept_.size() < limits_.messages_max &&
                    !topic.starts_with('$') && topic.find_first_of("{}") == std::string::npos;
  const bool wanted =
      known == by_topic_.end() ? by_topic_.size() < limits_.topics_max : known->second.size() < limits_.each_topic_max;
  if (!fits || !wanted) {
    passed_over_ += 1;
    return;
  }
  by_topic_[topic].push_back(kept_.size());
  bytes_ += topic.size() + payload.size();
  kept_.push_back({topic, payload, retained});
}

bool Draft::full() const {
  return kept_.size() >= limits_.messages_max || bytes_ >= limits_.bytes_max;
}

Result<std::string> Draft::write(const std::string& family, const std::string& filter) const {
  if (kept_.empty()) return invalid("there is no message to write a schema of");
  DraftWriting writing(*this, filter);
  if (writing.empty()) return invalid("no payload is a text that a schema could read");
  return writing.write(family.empty() ? writing.guessed_family() : family);
}

}  // namespace sluice::normalize
