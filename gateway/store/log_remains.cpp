#include "gateway/store/log_remains.h"

#include <algorithm>

namespace sluice::store {

namespace {

constexpr std::int64_t number_max = std::int64_t{1} << 53;

bool is_id(Bytes id) {
  return id.size() == 16 && id[6] >> 4 == 7 && id[8] >> 6 == 2;
}

/// Rows of older versions lack the last columns.
bool is_record(const PageRows::Row& row) {
  using Type = PageValue::Type;
  using namespace log_column;
  const auto& value = row.values;
  if (!row.of_table || value.size() < payload || value.size() > boot_at + 1) return false;
  for (const std::size_t each : {end_bytes, dated, kind, time})
    if (!value[each].is(Type::integer)) return false;
  for (const std::size_t each : {device, schema, data})
    if (!value[each].is(Type::text)) return false;
  if (value.size() > payload && !value[payload].is(Type::null) && !value[payload].is(Type::blob)) return false;
  if (value.size() > boot_at && !value[boot_at].is(Type::null) && !value[boot_at].is(Type::integer)) return false;
  const std::string_view text = value[data].text();
  return value[0].is(Type::null) && row.number > 0 && row.number < number_max && is_id(value[id].bytes) &&
         value[kind].number >= 1 && value[kind].number <= 6 && text.starts_with('{') && text.ends_with('}');
}

}  // namespace

Result<> LogRemains::find(const Take& other) {
  PageRows rows(file_);
  Result<> done;
  for (std::uint32_t page = 1; page <= file_.count() && done; ++page) {
    rows.each(page, [&](const PageRows::Row& row) {
      if (!is_record(row)) {
        if (done) done = other(row);
      } else if (!runs_.empty() && runs_.back().page == page && runs_.back().last + 1 == row.number) {
        runs_.back().last += 1;
      } else if (runs_.size() < runs_max) {
        runs_.push_back({row.number, row.number, page});
      }
    });
  }
  return done;
}

void LogRemains::choose(std::int64_t after, std::optional<std::int64_t> tail, std::int64_t gap_max) {
  std::sort(runs_.begin(), runs_.end(),
            [](const Run& a, const Run& b) { return a.first != b.first ? a.first < b.first : a.last > b.last; });
  std::vector<Run> chosen;
  for (Run run : runs_) {
    run.first = std::max(run.first, after + 1);
    if (run.first > run.last || (tail && run.first > *tail + 1 + gap_max)) continue;
    if (tail) tail = std::max(*tail, run.last);
    after = run.last;
    chosen.push_back(run);
  }
  runs_ = std::move(chosen);
}

std::int64_t LogRemains::count_after(std::int64_t number) const {
  std::int64_t count = 0;
  for (const Run& run : runs_) count += std::max<std::int64_t>(0, run.last - std::max(run.first - 1, number));
  return count;
}

Result<> LogRemains::each(const Take& take) {
  PageRows rows(file_);
  Result<> done;
  for (const Run& run : runs_) {
    std::int64_t next = run.first;
    rows.each(run.page, [&](const PageRows::Row& row) {
      if (!done || next > run.last || row.number != next || !is_record(row)) return;
      next += 1;
      done = take(row);
    });
    if (!done) return done;
    if (next <= run.last) return storage_error("the damaged database cannot be read twice alike: its disk fails");
  }
  return {};
}

}  // namespace sluice::store
