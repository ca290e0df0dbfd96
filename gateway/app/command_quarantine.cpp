#include "gateway/app/command_quarantine.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <utility>

#include <unistd.h>

#include "gateway/app/exit_code.h"
#include "gateway/app/member_text.h"
#include "gateway/app/quarantine_call.h"
#include "gateway/app/running_gateway.h"
#include "gateway/app/table.h"
#include "gateway/app/visible_text.h"
#include "gateway/core/json_text.h"
#include "gateway/core/percent.h"

namespace sluice::app {

namespace {

using nlohmann::json;

constexpr std::size_t shown_on_a_terminal = 20;
constexpr std::size_t page_max = 500;
constexpr std::size_t batch_max = 200;
constexpr std::size_t cell_max = 100;  ///< characters of a table's cell, more or less

std::string cell(const json& entry, const char* member) {
  std::string text = visible(text_of(entry, member));
  if (text.size() <= cell_max) return text;
  text.resize(cell_max);
  while (!text.empty() && !is_utf8(text)) text.pop_back();
  return text + "...";
}

std::string number(const json& object, const char* member) {
  return object.contains(member) && object[member].is_number() ? object[member].dump() : "";
}

/// The topic of a message; the device of a refused record, whose topic stands in its data.
const char* origin_of(const json& entry) {
  return entry.contains("topic") ? "topic" : "device";
}

std::string line_of(const json& entry) {
  std::string line = number(entry, "id");
  for (const char* member : {"received_at", "cloud", "schema", "field", origin_of(entry), "reason"})
    line += '\t' + visible(text_of(entry, member));
  return line;
}

/// Goes through the entries in pages, `count` of them at most. `direction` is before or after; `at` the number to begin
/// with, if any. An ExitCode.
struct Walk {
  std::string query;
  std::string direction = "before";
  std::optional<std::int64_t> at{};
  std::size_t count = 0;  ///< 0: all
  bool patient = false;   ///< with a gateway that goes away
};
int walk(const QuarantineCall& call, Walk walk, const std::function<int(const json& entries)>& take) {
  for (std::size_t left = walk.count == 0 ? SIZE_MAX : walk.count; left > 0;) {
    std::string path = "?" + walk.query + "count=" + std::to_string(std::min(left, page_max));
    if (walk.at) path += "&" + walk.direction + "=" + std::to_string(*walk.at);
    const auto page = call.get(path, walk.patient);
    if (page.exit != exit_ok) return page.exit;
    const json& entries = page.document.at("entries");
    if (entries.empty()) break;
    if (const int exit = take(entries); exit != exit_ok) return exit;
    left -= std::min(left, entries.size());
    walk.at = entries.back().at("id").get<std::int64_t>();
    if (!page.document.at("more").get<bool>()) break;
  }
  return exit_ok;
}

int print_groups(const QuarantineCall& call, const QuarantineOptions& options, const std::string& by) {
  const auto answer = call.get("?" + query_of(options) + "by=" + percent_encoded(by));
  if (answer.exit != exit_ok) return answer.exit;
  if (options.json) return std::cout << answer.body << "\n", exit_ok;
  const std::uint64_t others = answer.document.at("others").get<std::uint64_t>();
  if (isatty(STDOUT_FILENO) == 0) {
    for (const json& group : answer.document.at("groups")) {
      std::cout << number(group, "count") << '\t' << number(group, "newest");
      for (const char* member : {"cloud", "schema", "field", "topic", "reason"})
        std::cout << '\t' << visible(text_of(group, member));
      std::cout << "\n";
    }
    return exit_ok;
  }
  Table table({"COUNT", "NEWEST", "CLOUD", "SCHEMA", "FIELD", "TOPIC", "REASON"});
  for (const json& group : answer.document.at("groups"))
    table.add({number(group, "count"), number(group, "newest"), cell(group, "cloud"), cell(group, "schema"),
               cell(group, "field"), cell(group, "topic"), cell(group, "reason")});
  if (others > 0) table.add({std::to_string(others), "", "", "", "", "", "(others)"});
  table.print();
  return exit_ok;
}

int print_table(const QuarantineCall& call, const QuarantineOptions& options) {
  if (const int exit = print_groups(call, options, "cloud,schema,reason"); exit != exit_ok) return exit;
  Table table({"ID", "RECEIVED", "CLOUD", "SCHEMA", "FIELD", "TOPIC/DEVICE", "REASON"});
  const std::size_t count = options.count == 0 ? shown_on_a_terminal : options.count;
  const int exit = walk(call, {.query = query_of(options), .count = count}, [&](const json& entries) {
    for (const json& entry : entries)
      table.add({number(entry, "id"), cell(entry, "received_at"), cell(entry, "cloud"), cell(entry, "schema"),
                 cell(entry, "field"), cell(entry, origin_of(entry)), cell(entry, "reason")});
    return exit_ok;
  });
  std::cout << "\n";
  if (exit == exit_ok) table.print();
  return exit;
}

int print_lines(const QuarantineCall& call, const QuarantineOptions& options) {
  bool first = true;
  if (options.json) std::cout << "[";
  const int exit = walk(call, {.query = query_of(options), .count = options.count}, [&](const json& entries) {
    for (const json& entry : entries) {
      if (!options.json)
        std::cout << line_of(entry) << "\n";
      else
        std::cout << (std::exchange(first, false) ? "" : ",\n") << entry.dump();
    }
    return exit_ok;
  });
  if (options.json) std::cout << "]\n";
  return exit;
}

/// One run of replay or drop, over any number of batches.
class Change {
 public:
  Change(const QuarantineCall& call, std::string what, bool each_on_stdout, std::uint64_t total)
      : call_(call), what_(std::move(what)), each_(each_on_stdout), total_(total) {}

  /// An ExitCode: whether it could be asked for.
  int run(std::vector<std::int64_t> ids) {
    while (!ids.empty()) {
      const auto answer = call_.post(what_, ids);
      if (answer.lost) return lost(ids);
      if (answer.exit != exit_ok) return answer.exit;
      ids = take(answer.document.at("results"));
      show_progress();
    }
    return exit_ok;
  }

  int end() const {
    if (progress_) std::cerr << "\n";
    const char* separator = "sluice: ";
    for (const auto& [outcome, count] : counts_) std::cerr << std::exchange(separator, ", ") << outcome << " " << count;
    std::cerr << (counts_.empty() ? "sluice: nothing to do\n" : "\n");
    const bool stays = counts_.contains("quarantined") || counts_.contains("ended the gateway");
    return stays || (each_ && counts_.contains("gone")) ? exit_data : exit_ok;
  }

  json summary() const { return counts_; }

 private:
  /// Those there was no time for.
  std::vector<std::int64_t> take(const json& results) {
    std::vector<std::int64_t> later;
    for (const json& result : results) {
      const std::string outcome = text_of(result, "outcome");
      if (outcome == "later") {
        later.push_back(result.at("id").get<std::int64_t>());
        continue;
      }
      counts_[outcome] += 1;
      done_ += 1;
      if (each_)
        std::cout << number(result, "id") << '\t' << outcome << '\t' << visible(text_of(result, "reason")) << "\n";
    }
    return later;
  }

  /// The gateway went away over these. One of them may have ended it: each by itself then, and what ends it once more
  /// is let lie.
  int lost(const std::vector<std::int64_t>& ids) {
    if (!call_.wait_for_gateway()) return exit_unavailable;
    if (ids.size() == 1) {
      std::cerr << "sluice: the gateway went away over entry " << ids.front() << ", which is left where it is\n";
      counts_["ended the gateway"] += 1;
      return exit_ok;
    }
    for (const std::int64_t id : ids)
      if (const int exit = run({id}); exit != exit_ok) return exit;
    return exit_ok;
  }

  void show_progress() {
    progress_ = total_ > batch_max && isatty(STDERR_FILENO) != 0;
    if (progress_) std::cerr << "\r" << done_ << " of " << total_ << std::flush;
  }

  const QuarantineCall& call_;
  const std::string what_;
  const bool each_;
  const std::uint64_t total_;
  std::uint64_t done_ = 0;
  bool progress_ = false;
  std::map<std::string, std::uint64_t> counts_;
};

int run_in_batches(Change& change, const std::vector<std::int64_t>& ids) {
  for (std::size_t i = 0; i < ids.size(); i += batch_max) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(i);
    const auto last = ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), i + batch_max));
    if (const int exit = change.run({first, last}); exit != exit_ok) return exit;
  }
  return exit_ok;
}

int ended(const Change& change, const QuarantineOptions& options, int exit) {
  const int verdict = change.end();
  if (options.json) std::cout << change.summary().dump() << "\n";
  return exit != exit_ok ? exit : verdict;
}

int change_those(const QuarantineCall& call, const char* what, const QuarantineOptions& options) {
  Change change(call, what, !options.json, options.ids.size());
  return ended(change, options, run_in_batches(change, options.ids));
}

/// How many match, and the newest of them: what comes while this runs is for the next time.
struct Extent {
  int exit = 0;
  std::uint64_t count = 0;
  std::int64_t newest = 0;
};
Extent extent_of(const QuarantineCall& call, const QuarantineOptions& options) {
  const auto answer = call.get("?" + query_of(options) + "by=");
  if (answer.exit != exit_ok) return {.exit = answer.exit};
  Extent extent;
  for (const json& group : answer.document.at("groups")) {
    extent.count += group.at("count").get<std::uint64_t>();
    extent.newest = group.at("newest").get<std::int64_t>();
  }
  return extent;
}

int replay_all(const QuarantineCall& call, const QuarantineOptions& options) {
  const Extent extent = extent_of(call, options);
  if (extent.exit != exit_ok) return extent.exit;
  Change change(call, "replay", false, extent.count);
  const Walk oldest_first{.query = query_of(options), .direction = "after", .at = 0, .patient = true};
  const int exit = walk(call, oldest_first, [&](const json& entries) {
    std::vector<std::int64_t> ids;
    for (const json& entry : entries)
      if (const auto id = entry.at("id").get<std::int64_t>(); id <= extent.newest) ids.push_back(id);
    return run_in_batches(change, ids);
  });
  return ended(change, options, exit);
}

/// With the configuration of the running gateway; what listens there may be none.
int with_gateway(const QuarantineOptions& options, const std::function<int(const QuarantineCall&)>& ask) {
  const std::optional<Config> config = config_of(options.config_file);
  if (!config) return exit_config;
  try {
    return ask(QuarantineCall(*config));
  } catch (const json::exception&) {
    return unreachable(*config, "what listens there is not a gateway");
  }
}

}  // namespace

int quarantine_list(const QuarantineOptions& options) {
  return with_gateway(options, [&](const QuarantineCall& call) {
    if (!options.by.empty()) return print_groups(call, options, options.by);
    const bool for_people = !options.json && isatty(STDOUT_FILENO) != 0;
    return for_people ? print_table(call, options) : print_lines(call, options);
  });
}

int quarantine_show(const QuarantineOptions& options) {
  return with_gateway(options, [&](const QuarantineCall& call) -> int {
    const auto answer = call.get("/" + std::to_string(options.ids.front()));
    if (answer.exit != exit_ok) return answer.exit;
    if (options.json) return std::cout << answer.body << "\n", exit_ok;
    for (const char* member : {"received_at", "topic", "device", "cloud", "schema", "field", "reason"})
      if (const std::string text = text_of(answer.document, member); !text.empty())
        std::cout << member << ": " << visible(text) << "\n";
    std::cout << "payload_size: " << number(answer.document, "payload_size") << "\n";
    if (answer.document.contains("sent_again")) std::cout << "waits for its cloud once more\n";
    for (const char* member : {"payload", "payload_base64", "event"})
      if (answer.document.contains(member)) {
        const json& value = answer.document[member];
        std::cout << member << ": " << (value.is_string() ? visible(value.get<std::string>()) : value.dump()) << "\n";
      }
    return exit_ok;
  });
}

int quarantine_replay(const QuarantineOptions& options) {
  const bool by_filter = options.all || options.schema || options.topic || options.reason || options.cloud;
  if (by_filter == !options.ids.empty()) {
    std::cerr << "sluice: say which: either numbers of entries, or --all, or some of --schema, --topic, --reason, "
                 "--cloud\n";
    return exit_usage;
  }
  return with_gateway(options, [&](const QuarantineCall& call) {
    return by_filter ? replay_all(call, options) : change_those(call, "replay", options);
  });
}

int quarantine_drop(const QuarantineOptions& options) {
  return with_gateway(options, [&](const QuarantineCall& call) { return change_those(call, "drop", options); });
}

}  // namespace sluice::app
