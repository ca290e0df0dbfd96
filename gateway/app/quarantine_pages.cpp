#include "gateway/app/quarantine_pages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gateway/core/cloud_event.h"
#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"
#include "gateway/core/topic_filter.h"
#include "gateway/normalize/base64.h"

namespace sluice::app {

namespace {

using api::problem;
using api::Response;

constexpr std::size_t groups_max = 500;

Response json(std::string body) {
  return {200, "application/json", std::move(body), {}};
}

Response failed(const Error& error) {
  return problem(error.kind == ErrorKind::unavailable ? 429 : 503, {}, error.message);
}

Response not_there(std::int64_t id) {
  return problem(404, "No such entry", "Quarantine holds no entry " + std::to_string(id) + " (any more).");
}

/// A member, unless there is nothing to say.
void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out.append(",\"").append(name).append("\":");
  append_json_string(out, text);
}

/// All but the closing brace.
void append_head(std::string& out, const store::QuarantineEntry& entry) {
  const store::Quarantined& what = entry.what;
  out += "{\"id\":" + std::to_string(entry.id) + ",\"received_at\":";
  append_json_string(out, rfc3339(what.received_at));
  append_member(out, "cloud", what.cloud);
  append_member(out, "topic", what.topic);
  if (what.record) append_member(out, "device", what.record->device);
  append_member(out, "schema", what.schema);
  append_member(out, "field", what.field);
  append_member(out, "reason", what.reason);
  if (what.cloud.empty()) out += std::string(",\"retained\":") + (what.retained ? "true" : "false");
  out += ",\"payload_size\":" + std::to_string(what.payload_size);
}

void append_payload(std::string& out, const std::string& payload) {
  if (is_utf8(payload)) {
    append_json_string(out += ",\"payload\":", payload);
  } else {
    normalize::append_base64(out += ",\"payload_base64\":\"", payload);
    out += '"';
  }
}

/// The value of a query; an error where it is given twice.
Result<std::optional<std::string>> value_of(const api::Request& request, const std::string& name) {
  const auto [first, last] = request.query.equal_range(name);
  if (first == last) return std::optional<std::string>();
  if (std::next(first) != last) return invalid("'" + name + "' is given twice");
  return std::optional(first->second);
}

Result<std::int64_t> number_of(const std::string& name, const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
  return invalid("'" + name + "' is not a whole number");
}

/// What the list is asked for.
struct Question {
  store::QuarantineFilter filter;
  store::QuarantineStretch stretch{.count_max = 100};
  std::optional<std::string> by;
};

Result<> take(const std::string& name, const std::string& value, Question& question) {
  if (name == "schema") return question.filter.schema = value, Result<>();
  if (name == "cloud") return question.filter.cloud = value, Result<>();
  if (name == "reason") return question.filter.reason = value, Result<>();
  if (name == "by") return question.by = value, Result<>();
  if (name == "topic") {
    question.filter.topic = value;
    return value.empty() || is_valid_filter(value) ? Result<>() : invalid("'topic' is not a topic filter of MQTT");
  }
  const Result<std::int64_t> number = number_of(name, value);
  if (!number) return number.error();
  if (name == "before") question.stretch.before = *number;
  if (name == "after") question.stretch.after = *number;
  if (name == "count")
    question.stretch.count_max = std::min(static_cast<std::size_t>(*number), QuarantinePages::entries_max);
  return {};
}

Result<Question> question_of(const api::Request& request) {
  constexpr std::array<const char*, 8> names = {"schema", "cloud", "topic", "reason", "by", "before", "after", "count"};
  Question question;
  for (const auto& [name, value] : request.query) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      return invalid("'" + name +
                     "' is not known here; there are schema, cloud, topic, reason, by, before, after, count");
    const auto only = value_of(request, name);
    if (!only) return only.error();
    if (auto done = take(name, value, question); !done) return done.error();
  }
  if (question.stretch.after && request.query.contains("before")) return invalid("either 'before' or 'after'");
  return question;
}

Result<store::QuarantineBy> by_of(std::string_view names) {
  store::QuarantineBy by;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    bool* flag = name == "schema"   ? &by.schema
                 : name == "field"  ? &by.field
                 : name == "reason" ? &by.reason
                 : name == "topic"  ? &by.topic
                 : name == "cloud"  ? &by.cloud
                                    : nullptr;
    if (flag == nullptr) return invalid("'by' takes schema, field, reason, topic and cloud, with commas between them");
    *flag = true;
  }
  return by;
}

/// {"ids": [1, 2]}, at most `entries_max`.
Result<std::vector<std::int64_t>> ids_of(const std::string& body) {
  const auto wrong = [] {
    return invalid("the body is not {\"ids\": […]} with 1 to " + std::to_string(QuarantinePages::entries_max) +
                   " numbers of entries");
  };
  const auto document = nlohmann::json::parse(body, nullptr, false);
  if (!document.is_object() || document.size() != 1 || !document.contains("ids")) return wrong();
  const auto& ids = document["ids"];
  if (!ids.is_array() || ids.empty() || ids.size() > QuarantinePages::entries_max) return wrong();
  std::vector<std::int64_t> numbers;
  for (const auto& id : ids) {
    if (!id.is_number_unsigned()) return wrong();
    numbers.push_back(id.get<std::int64_t>());
  }
  return numbers;
}

void append_replayed(std::string& out, const flow::Replayed& replayed) {
  out += "{\"id\":" + std::to_string(replayed.id);
  append_member(out, "outcome", name_of(replayed.fate));
  if (replayed.fate == flow::Replayed::Fate::understood) out += ",\"records\":" + std::to_string(replayed.records);
  append_member(out, "reason", replayed.reason);
  out += '}';
}

}  // namespace

api::Quarantine QuarantinePages::doors() {
  api::Quarantine doors;
  doors.list = [this](const api::Request& request) { return list(request); };
  doors.show = [this](std::int64_t id) { return show(id); };
  doors.replay = [this](std::int64_t id) { return replay(id); };
  doors.drop = [this](std::int64_t id) { return drop(id); };
  doors.replay_many = [this](const std::string& body) { return replay_many(body); };
  doors.drop_many = [this](const std::string& body) { return drop_many(body); };
  return doors;
}

Response QuarantinePages::list(const api::Request& request) const {
  const Result<Question> question = question_of(request);
  if (!question) return problem(400, {}, question.error().message);
  if (question->by) return groups(question->filter, *question->by);
  const auto page = store_.quarantine(question->filter, question->stretch);
  if (!page) return failed(page.error());
  std::string out = "{\"entries\":[";
  for (const store::QuarantineEntry& entry : page->entries) {
    if (!out.ends_with('[')) out += ',';
    append_head(out, entry);
    out += '}';
  }
  return json(out + "],\"more\":" + (page->more ? "true}" : "false}"));
}

Response QuarantinePages::groups(const store::QuarantineFilter& filter, const std::string& by) const {
  const Result<store::QuarantineBy> wanted = by_of(by);
  if (!wanted) return problem(400, {}, wanted.error().message);
  auto found = store_.quarantine_groups(filter, *wanted);
  if (!found) return failed(found.error());
  for (std::size_t i = groups_max; i < found->groups.size(); ++i) found->others += found->groups[i].count;
  found->groups.resize(std::min(found->groups.size(), groups_max));
  std::string out = "{\"groups\":[";
  for (const store::QuarantineGroup& group : found->groups) {
    out += (out.ends_with('[') ? "" : ",") + std::string("{\"count\":") + std::to_string(group.count) +
           ",\"newest\":" + std::to_string(group.newest);
    append_member(out, "cloud", group.cloud);
    append_member(out, "topic", group.topic);
    append_member(out, "schema", group.schema);
    append_member(out, "field", group.field);
    append_member(out, "reason", group.reason);
    out += '}';
  }
  return json(out + "],\"others\":" + std::to_string(found->others) + "}");
}

Response QuarantinePages::show(std::int64_t id) const {
  const auto entry = store_.quarantined(id);
  if (!entry) return failed(entry.error());
  if (!*entry) return not_there(id);
  std::string out;
  append_head(out, **entry);
  if (const auto& record = (*entry)->what.record)
    append_cloud_event(out += ",\"event\":", *record, source_);
  else
    append_payload(out, (*entry)->what.payload);
  if ((*entry)->sent_again) out += ",\"sent_again\":true";
  return json(out + "}");
}

Response QuarantinePages::replay(std::int64_t id) {
  const auto answers = replay_.replay(std::array{id});
  if (!answers) return failed(answers.error());
  const flow::Replayed& replayed = answers->front();
  if (replayed.fate == flow::Replayed::Fate::gone) return not_there(id);
  if (replayed.fate == flow::Replayed::Fate::quarantined)
    return problem(422, "It stays in quarantine", replayed.reason);
  std::string out;
  append_replayed(out, replayed);
  return json(std::move(out));
}

Response QuarantinePages::drop(std::int64_t id) {
  const auto there = store_.discard(std::array{id});
  if (!there) return failed(there.error());
  if (!there->front()) return not_there(id);
  return {204, {}, {}, {}};
}

Response QuarantinePages::replay_many(const std::string& body) {
  const auto ids = ids_of(body);
  if (!ids) return problem(400, {}, ids.error().message);
  const auto answers = replay_.replay(*ids);
  if (!answers) return failed(answers.error());
  std::string out = "{\"results\":[";
  for (const flow::Replayed& replayed : *answers) {
    if (!out.ends_with('[')) out += ',';
    append_replayed(out, replayed);
  }
  return json(out + "]}");
}

Response QuarantinePages::drop_many(const std::string& body) {
  const auto ids = ids_of(body);
  if (!ids) return problem(400, {}, ids.error().message);
  const auto there = store_.discard(*ids);
  if (!there) return failed(there.error());
  std::string out = "{\"results\":[";
  for (std::size_t i = 0; i < ids->size(); ++i) {
    if (i > 0) out += ',';
    out += "{\"id\":" + std::to_string((*ids)[i]) + ",\"outcome\":\"" + ((*there)[i] ? "dropped" : "gone") + "\"}";
  }
  return json(out + "]}");
}

}  // namespace sluice::app
