#include <algorithm>

#include "gateway/core/cloud_event.h"
#include "gateway/core/json_text.h"
#include "gateway/core/percent.h"
#include "gateway/core/record_id.h"
#include "gateway/core/size_text.h"
#include "gateway/core/time_text.h"
#include "gateway/core/topic_filter.h"
#include "tests/fuzz/json_check.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

void check_json_string(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  require(is_json(json), "a string is JSON", json);
  std::string_view rest = json;
  const auto said = take_json_string(rest);
  require(said && rest.empty() && is_utf8(*said), "it can be taken again", json);
  require(*said == text || !is_utf8(text), "and says the same", json);
  require(is_utf8(text) == is_json("\"" + std::string(text) + "\"") || text.find_first_of("\"\\") != text.npos ||
              std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }),
          "two readers agree on what UTF-8 is", text);
}

/// What is taken as a string must be one to others too, with the same text.
void check_taken(std::string_view text) {
  std::string_view rest = text;
  const auto said = take_json_string(rest);
  if (!said) return require(rest == text, "what is not taken is left", text);
  const std::string_view taken = text.substr(0, text.size() - rest.size());
  std::string again;
  append_json_string(again, *said);
  require(is_json(taken) && rewritten(taken) == rewritten(again), "a string means the same to others", taken);
}

void check_times(std::string_view text) {
  if (const auto time = parse_rfc3339(text)) {
    const std::string written = rfc3339(*time);
    const auto again = parse_rfc3339(written);
    require(again.has_value(), "what is written can be read", written);
    require(*again == *time || written.starts_with("0000-01-01T00:00") || written.starts_with("9999-12-31T23:59"),
            "a time stays itself", written);
  }
  const auto duration = parse_duration(text);
  require(!duration || (duration->count() >= 0 && *duration <= std::chrono::days(36'525)), "a duration is bounded",
          text);
  const auto size = parse_size(text);
  require(!size || (*size >= 0 && *size <= std::int64_t{1} << 50), "so is a size", text);
}

void check_ids(std::string_view text) {
  const auto id = RecordId::parse(text);
  if (!id) return;
  const auto again = RecordId::parse(id->text());
  require(again && *again == *id && id->text().size() == 36, "an id is itself again", text);
}

void check_filters(std::string_view text) {
  std::vector<std::string> filters;
  while (!text.empty() && filters.size() < 6) {
    const std::string_view filter = take_until(text, "\n");
    if (is_valid_filter(filter)) filters.emplace_back(filter);
  }
  const std::vector<std::string> apart = disjoint(filters);
  for (const std::string& filter : filters)
    require(std::any_of(apart.begin(), apart.end(), [&](const std::string& one) { return join(one, filter) == one; }),
            "disjoint filters cover the same", filter);
  for (std::size_t i = 0; i < apart.size(); ++i) {
    require(is_valid_filter(apart[i]), "and are filters", apart[i]);
    for (std::size_t j = 0; j < i; ++j)
      require(!overlap(apart[i], apart[j]), "and disjoint", apart[i] + " " + apart[j]);
  }
  for (const std::string& one : filters)
    for (const std::string& other : filters) {
      require(overlap(one, other) == overlap(other, one), "overlap is mutual", one + " " + other);
      const bool is_topic = other.find_first_of("+#") == std::string::npos;
      require(!is_topic || covers(one, other) == overlap(one, other), "a topic is a filter of itself",
              one + " " + other);
      require(!is_topic || !covers(one, other) || covers(join(one, other), other), "joined, more is covered",
              one + " " + other);
    }
}

void run(std::string_view input) {
  require(percent_decoded(percent_encoded(input)) == input, "what is encoded can be decoded", input);
  check_json_string(input);
  check_taken(input);
  check_times(input);
  check_ids(input);
  check_filters(input);
}

const Target target("core_text", run);

}  // namespace
}  // namespace sluice::fuzz
