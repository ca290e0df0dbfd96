#include "gateway/flow/notices.h"

#include <cstdlib>
#include <utility>

#include "gateway/core/time_text.h"

namespace sluice::flow {

namespace {
constexpr Duration often_enough = std::chrono::minutes(1);
}

Notices::Notices(std::string gateway_id, store::Store& store, RecordIds& ids, const Clock& clock, Log& log)
    : gateway_id_(std::move(gateway_id)), store_(store), ids_(ids), clock_(clock), log_(log) {}

void Notices::step(std::span<const store::Store::Dropped> dropped, std::span<const CloudState> clouds) {
  for (const auto& [cloud, by_size, by_age] : dropped) clouds_[cloud].dropped += by_size + by_age;
  for (auto& [name, cloud] : clouds_) {
    if (cloud.dropped == 0 || clock_.now() - cloud.told_dropped < often_enough) continue;
    tell({"records_dropped",
          std::to_string(cloud.dropped) + " records for cloud '" + name +
              "' were dropped: the buffer's limits were reached.",
          name, std::exchange(cloud.dropped, 0)});
    cloud.told_dropped = clock_.now();
  }
  for (const CloudState& state : clouds) {
    Cloud& cloud = clouds_[state.name];
    const bool away = state.health != CloudState::Health::up;
    if (away && !cloud.away) {
      cloud.away_since = clock_.now();
      cloud.away_since_wall = state.since;
    }
    if (away) cloud.error = state.last_error;
    if (!away && cloud.away && clock_.now() - cloud.away_since >= often_enough)
      tell({"cloud_back",
            "Cloud '" + state.name + "' is back; it was away since " + rfc3339(cloud.away_since_wall) + ": " +
                cloud.error,
            state.name, 0});
    cloud.away = away;
  }
}

void Notices::tell_mended(const store::Store::Mended& mended) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(mended.wrong).count();
  const std::string wrong = seconds == 0 ? "was right before"
                                         : "was " + std::to_string(std::abs(seconds)) + " s " +
                                               (seconds > 0 ? "behind" : "ahead") + " before";
  tell({"clock_synced",
        "The machine's clock is synced now; it " + wrong + ". The times of " + std::to_string(mended.records) +
            " records that had come until then are mended.",
        {},
        mended.records});
}

void Notices::tell_salvaged(const store::Store::Salvaged& saved) {
  std::string text = "The gateway's database was damaged (" + saved.why +
                     "). What could be read is saved: " + std::to_string(saved.records) + " records that wait. " +
                     std::to_string(saved.lost) + " that waited are lost.";
  if (!saved.inbox) text += " Commands that were taken before may be executed again if they are sent again.";
  if (!saved.counters) text += " Counters that could not be read begin anew.";
  if (!saved.file.empty()) text += " The old file is kept as " + saved.file + ".";
  tell({"database_damaged", std::move(text), {}, saved.lost});
}

void Notices::tell(Notice notice) {
  log_.warning("gateway", notice.text);
  store::Batch batch;
  batch.records.push_back(record_of(notice, gateway_id_, clock_));
  batch.records.back().id = ids_.next();
  if (const auto stored = store_.append(batch); !stored)
    log_.warning("gateway", "cannot store a notice: " + stored.error().message);
}

}  // namespace sluice::flow
