#include "gateway/normalize/yaml_file.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <tuple>

#include <yaml-cpp/yaml.h>

#include "gateway/normalize/value.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t depth_max = 64;
constexpr std::size_t nodes_max = 100'000;

Place place_of(const YAML::Mark& mark, const std::string& file) {
  if (mark.is_null()) return {file, 0, 0};
  return {file, static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

/// Copies yaml-cpp's graph into a tree, so that its traps (aliases, silent duplicates, exceptions) end here.
class Copier {
 public:
  Copier(const std::string& file, Problems& problems) : file_(file), problems_(problems) {}

  YamlNode copy(const YAML::Node& from, std::size_t depth) {
    YamlNode to;
    to.place = place_of(from.Mark(), file_);
    if (refused_) return to;
    if (depth > depth_max) return refuse(to, "nested more than " + std::to_string(depth_max) + " levels deep");
    if (++nodes_ > nodes_max)
      return refuse(to, "more than " + std::to_string(nodes_max) + " values (aliases unfolded)");
    switch (from.Type()) {
      case YAML::NodeType::Scalar:
        to.kind = YamlNode::Kind::scalar;
        to.text = from.Scalar();
        to.quoted = from.Tag() == "!";
        break;
      case YAML::NodeType::Sequence:
        to.kind = YamlNode::Kind::sequence;
        for (const auto& item : from) to.items.push_back(copy(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        to.kind = YamlNode::Kind::map;
        for (const auto& member : from) copy_member(to, member.first, member.second, depth);
        break;
      default:
        break;
    }
    return to;
  }

  bool refused() const { return refused_; }

 private:
  YamlNode refuse(const YamlNode& at, const std::string& why) {
    if (!refused_) problems_.add(at.place, why);
    refused_ = true;
    return at;
  }

  void copy_member(YamlNode& map, const YAML::Node& key, const YAML::Node& value, std::size_t depth) {
    const Place place = place_of(key.Mark(), file_);
    if (!key.IsScalar()) {
      refused_ = true;
      problems_.add(place, "a key must be a plain word");
      return;
    }
    if (const YamlNode* earlier = map.find(key.Scalar())) {
      problems_.add(place, "'" + key.Scalar() + "' stands here a second time (first in line " +
                               std::to_string(earlier->place.line) + ")");
      return;
    }
    map.members.push_back({key.Scalar(), place, copy(value, depth + 1)});
  }

  const std::string& file_;
  Problems& problems_;
  std::size_t nodes_ = 0;
  bool refused_ = false;
};

/// Levenshtein distance: how many letters must be added, removed or changed.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Problem::text() const {
  const std::string at = place.line > 0 ? ":" + std::to_string(place.line) + ":" + std::to_string(place.column) : "";
  return place.file + at + ": " + excerpt(message, message.size());  // it may quote anything
}

std::string Problems::text() const {
  std::vector<const Problem*> ordered;
  for (const Problem& problem : list_) ordered.push_back(&problem);
  std::stable_sort(ordered.begin(), ordered.end(), [](const Problem* a, const Problem* b) {
    return std::tie(a->place.file, a->place.line, a->place.column) <
           std::tie(b->place.file, b->place.line, b->place.column);
  });
  std::string out;
  for (const Problem* problem : ordered) out += problem->text() + "\n";
  return out;
}

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

std::string_view YamlNode::kind_name() const {
  switch (kind) {
    case Kind::map:
      return "a map";
    case Kind::sequence:
      return "a list";
    case Kind::scalar:
      return "a value";
    case Kind::null:
      break;
  }
  return "nothing";
}

std::optional<YamlNode> read_yaml(std::string_view text, const std::string& file, Problems& problems) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() > 1) {
      problems.add(place_of(documents[1].Mark(), file), "a second document begins here; one file is one document");
      return std::nullopt;
    }
    if (documents.empty()) {
      YamlNode nothing;
      nothing.place = {file, 1, 1};
      return nothing;
    }
    const std::size_t before = problems.list().size();
    Copier copier(file, problems);
    YamlNode root = copier.copy(documents[0], 0);
    if (copier.refused() || problems.list().size() > before) return std::nullopt;
    return root;
  } catch (const YAML::Exception& e) {
    problems.add(place_of(e.mark, file), "not YAML: " + e.msg);
    return std::nullopt;
  }
}

std::string yaml_text(const YamlNode& node) {
  YAML::Emitter out;
  // Maps within maps are short here, and read best on one line.
  const std::function<void(const YamlNode&, int)> emit = [&](const YamlNode& at, int depth) {
    if (at.is_map() && depth > 1) out << YAML::Flow;
    if (at.is_map()) out << YAML::BeginMap;
    for (const YamlNode::Member& member : at.members) {
      out << YAML::Key << member.key << YAML::Value;
      emit(member.value, depth + 1);
    }
    if (at.is_map()) out << YAML::EndMap;
    if (at.is_sequence()) out << YAML::Flow << YAML::BeginSeq;
    for (const YamlNode& item : at.items) emit(item, depth + 1);
    if (at.is_sequence()) out << YAML::EndSeq;
    if (at.quoted) out << YAML::DoubleQuoted;
    if (at.is_scalar()) out << at.text;
    if (at.kind == YamlNode::Kind::null) out << YAML::Null;
  };
  emit(node, 0);
  return std::string(out.c_str()) + "\n";
}

void refuse_unknown_keys(const YamlNode& map, const std::vector<std::string_view>& known, Problems& problems) {
  for (const YamlNode::Member& member : map.members)
    if (std::find(known.begin(), known.end(), member.key) == known.end())
      problems.add(member.place, "unknown key '" + member.key + "'" + did_you_mean(member.key, known));
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    if (const std::size_t distance = edits(word, candidate); distance < least && distance < candidate.size()) {
      least = distance;
      best = candidate;
    }
  }
  return best.empty() ? "" : " (did you mean '" + std::string(best) + "'?)";
}

}  // namespace sluice::normalize
