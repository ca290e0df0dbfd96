#include "gateway/normalize/unmatched.h"

#include "gateway/core/json_text.h"
#include "gateway/normalize/base64.h"
#include "gateway/normalize/event_text.h"
#include "gateway/normalize/name_set.h"
#include "gateway/normalize/number_text.h"

namespace sluice::normalize {

namespace {

using Node = JsonTape::Node;

constexpr std::size_t word_size_max = 64;

Record begin_record(const Message& message, RecordKind kind, std::string_view schema) {
  Record record;
  record.kind = kind;
  record.device = "auto/" + message.topic;
  record.schema = schema;
  record.time = message.received_at;
  record.data += "{\"device\":";
  append_json_string(record.data, record.device);
  append_shared_head(record.data, schema, message);
  record.data += message.retained ? "unknown\"" : "gateway\"";
  return record;
}

/// Walks an object's leaves and writes each as a reading named by its path.
class Leaves {
 public:
  Leaves(const JsonTape& tape, std::string& out) : nodes_(tape.nodes()), out_(out) {}

  /// False where there are none, or more than can be told apart.
  bool append_all() {
    walk(0);
    return count_ > 0 && !failed_;
  }

 private:
  void walk(std::uint32_t at) {
    const Node& holder = nodes_[at];
    std::size_t index = 0;
    for (std::uint32_t i = at + 1; i < holder.next && !failed_; i = nodes_[i].next, ++index) {
      const Node& node = nodes_[i];
      if (node.replaced || node.kind == Node::Kind::null) continue;
      const std::size_t mark = path_.size();
      if (mark > 0) path_ += '.';
      append_as_name(path_, holder.kind == Node::Kind::object ? node.key : std::string_view(std::to_string(index)));
      if (path_.size() > reading_name_size_max)
        failed_ = true;
      else if (node.is_container())
        walk(i);
      else
        append_leaf(node);
      path_.resize(mark);
    }
  }

  void append_leaf(const Node& node) {
    // Names may meet once they are made plain ("a b" and "a_b"): the later one is told by a number.
    std::string name = path_;
    for (int twin = 2; !names_.insert(name); ++twin) {
      if (twin > twins_max) failed_ = true;
      if (failed_) return;
      name = path_ + "_" + std::to_string(twin);
    }
    if (++count_ > elements_max) failed_ = true;
    if (count_ > 1) out_ += ',';
    append_json_string(out_, name);
    out_ += ":{\"value\":";
    if (node.kind == Node::Kind::text)
      append_json_string(out_, node.text);
    else
      out_ += node.text;
    out_ += '}';
  }

  static constexpr int twins_max = 100;
  const std::vector<Node>& nodes_;
  std::string& out_;
  std::string path_;
  NameSet names_;
  std::size_t count_ = 0;
  bool failed_ = false;
};

/// Letters, digits, _ - and whatever is beyond ASCII, beginning with a letter: "ON", "not_home", "geöffnet".
bool is_word(std::string_view text) {
  if (text.empty() || text.size() > word_size_max) return false;
  for (const char& c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    const bool inner = (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!letter && (!inner || &c == text.data())) return false;
  }
  return is_utf8(text);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// A bare number, boolean or word as JSON; false where the payload is none of them.
bool append_bare(std::string& out, std::string_view payload) {
  const std::string_view text = trimmed(payload);
  if (text.size() > word_size_max) return false;
  if (text == "true" || text == "false")
    out += text;
  else if (is_plain_number(text))
    out += text;
  else if (text.size() > 2 && text.front() == '"' && text.back() == '"' && is_word(text.substr(1, text.size() - 2)))
    out += text;
  else if (is_word(text) && text != "null" && text != "nan" && text != "NaN" && text != "inf")
    append_json_string(out, text);
  else
    return false;
  return true;
}

}  // namespace

void append_raw(const Message& message, std::vector<Record>& out) {
  Record record = begin_record(message, RecordKind::raw, "auto/raw");
  if (is_utf8(message.payload)) {
    record.data += ",\"payload\":";
    append_json_string(record.data, message.payload);
  } else {
    record.data += ",\"payload_base64\":\"";
    append_base64(record.data, message.payload);
    record.data += '"';
  }
  record.data += '}';
  out.push_back(std::move(record));
}

void append_auto(const Message& message, JsonSource& json, std::vector<Record>& out) {
  std::string value;
  if (append_bare(value, message.payload)) {
    Record record = begin_record(message, RecordKind::reading, "auto/value");
    ((record.data += ",\"readings\":{\"value\":{\"value\":") += value) += "}}}";
    out.push_back(std::move(record));
    return;
  }
  if (!json.open(message.payload) && json.tape().nodes()[0].kind == Node::Kind::object) {
    Record record = begin_record(message, RecordKind::reading, "auto/json");
    record.data += ",\"readings\":{";
    if (Leaves(json.tape(), record.data).append_all()) {
      record.data += "}}";
      out.push_back(std::move(record));
      return;
    }
  }
  append_raw(message, out);
}

}  // namespace sluice::normalize
