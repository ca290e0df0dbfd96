#include "gateway/core/unsynced.h"

#include <algorithm>
#include <string_view>

#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"

namespace sluice {

namespace {

using namespace std::string_view_literals;

constexpr auto mark = R"(,"clock":"unsynced")"sv;

struct Part {
  std::size_t begin = 0, size = 0;
};

/// Where the times stand in a record's data.
struct Layout {
  Part moment;  ///< received_at, or at
  Part from;    ///< the word of time_from; empty: there is none
  bool retained = false;
  std::size_t mark = 0;  ///< where the mark stands, or goes
};

/// Goes through text of our own.
class Walk {
 public:
  explicit Walk(std::string_view text) : whole_(text), rest_(text) {}

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool take_member(std::string_view key) { return take(key) && take_json_string(rest_).has_value(); }
  /// What comes before the next quotation mark, and the mark.
  Part take_word() {
    const Part word{at(), std::min(rest_.find('"'), rest_.size())};
    rest_.remove_prefix(std::min(word.size + 1, rest_.size()));
    return word;
  }
  std::size_t at() const { return whole_.size() - rest_.size(); }

 private:
  std::string_view whole_, rest_;
};

/// What a device said, as normalize/event_text.cpp begins it.
std::optional<Layout> layout_of_device(std::string_view data) {
  Walk walk(data);
  for (const std::string_view key : {R"({"device":)"sv, R"(,"schema":)"sv, R"(,"topic":)"sv})
    if (!walk.take_member(key)) return std::nullopt;
  Layout layout;
  if (!walk.take(R"(,"received_at":")")) return std::nullopt;
  layout.moment = walk.take_word();
  layout.retained = walk.take(R"(,"retained":true)");
  if (!layout.retained && !walk.take(R"(,"retained":false)")) return std::nullopt;
  if (!walk.take(R"(,"time_from":")")) return std::nullopt;
  layout.from = walk.take_word();
  layout.mark = walk.at();
  return layout;
}

/// What the gateway says itself, as flow/notice.cpp and flow/outcome.cpp end it.
std::optional<Layout> layout_of_gateway(std::string_view data) {
  constexpr auto key = R"(,"at":")"sv;
  const std::size_t at = data.rfind(key);
  if (at == std::string_view::npos || !data.ends_with(R"("})")) return std::nullopt;
  const std::size_t begin = at + key.size();
  const bool marked = data.substr(0, at).ends_with(mark);
  Layout layout;
  layout.moment = {begin, data.size() - 2 - begin};
  layout.mark = marked ? at - mark.size() : at;
  return layout;
}

std::optional<Layout> layout_of(std::string_view data) {
  const std::optional<Layout> layout = layout_of_device(data);
  return layout ? layout : layout_of_gateway(data);
}

}  // namespace

void mark_unsynced(Record& record, Timestamp boot_at) {
  record.boot_at = boot_at;
  if (const auto layout = layout_of(record.data)) record.data.insert(layout->mark, mark);
}

void mark_if_unsynced(Record& record, const Clock& clock) {
  if (!clock.synced()) mark_unsynced(record, started_at(clock));
}

std::optional<Timestamp> mend(Record& record, Duration wrong) {
  std::string& data = record.data;
  const std::optional<Layout> layout = layout_of(data);
  if (!layout || !std::string_view(data).substr(layout->mark).starts_with(mark)) return std::nullopt;
  const auto text = [&](Part part) { return std::string_view(data).substr(part.begin, part.size); };
  const std::optional<Timestamp> said = parse_rfc3339(text(layout->moment));
  if (!said) return std::nullopt;
  const Timestamp moment = *said + wrong;
  const bool by_device = text(layout->from) == "device";
  const bool too_late = by_device && record.time > moment + device_ahead_max;
  if (!by_device) record.time += wrong;
  if (too_late) record.time = moment;

  // From the place furthest back, so that those before it stay true. A notice has its moment behind the mark.
  const bool mark_first = layout->mark < layout->moment.begin;
  if (!mark_first) data.erase(layout->mark, mark.size());
  if (too_late) data.replace(layout->from.begin, layout->from.size, layout->retained ? "unknown" : "gateway");
  data.replace(layout->moment.begin, layout->moment.size, rfc3339(moment));
  if (mark_first) data.erase(layout->mark, mark.size());
  return moment;
}

}  // namespace sluice
