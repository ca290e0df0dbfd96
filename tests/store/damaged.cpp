#include "tests/store/damaged.h"

namespace sluice::store {

namespace {

KeptCommand command(std::int64_t number, CommandState state, bool ended) {
  KeptCommand kept;
  kept.number = number;
  kept.command = {"command-" + std::to_string(number), "behind", "d/1", "power", R"({"state":"ON"})", {}};
  kept.progress.state = state;
  kept.progress.ended = ended;
  return kept;
}

class Maker {
 public:
  Everything make(bool killed);

 private:
  void append(std::size_t count, std::size_t size);
  void settle(const char* cloud, std::size_t count);
  void quarantine();
  void take_commands(std::int64_t first, std::int64_t last);

  Stage stage_;
  Everything made_;
};

void Maker::append(std::size_t count, std::size_t size) {
  Batch batch = stage_.batch(count, size);
  batch.records.back().payload = std::string(300, 'p');
  batch.devices.push_back({"d/" + std::to_string(made_.ids.size()), true, stage_.clock.wall_time()});
  for (std::size_t i = 0; i < count; ++i)
    batch.receipts.push_back({static_cast<std::uint16_t>(made_.ids.size() + i), made_.ids.size() + i});
  for (const Record& record : batch.records) made_.ids.push_back(record.id);
  SLUICE_ASSERT(stage_.store->append(batch));
}

void Maker::settle(const char* cloud, std::size_t count) {
  SLUICE_ASSERT(settle_all(*stage_.store, cloud, *stage_.store->read(cloud, {.count_max = count})));
}

void Maker::quarantine() {
  Batch batch;
  for (int i = 0; i < 6; ++i)
    batch.quarantined.push_back({.reason = "broken", .schema = "s/1", .topic = "t", .payload = std::string(900, 'q')});
  batch.counts.received_qos1 = batch.counts.quarantined = 6;
  SLUICE_ASSERT(stage_.store->append(batch));
  const Page page = *stage_.store->read("behind", {.count_max = 4});
  std::vector<Store::Settlement> settlements;
  std::vector<Quarantined> refused;
  for (std::size_t i = 0; i < page.records.size(); ++i) {
    settlements.push_back({page.positions[i], Settled::rejected});
    refused.push_back({.reason = "no", .cloud = "behind", .record = page.records[i]});
  }
  SLUICE_ASSERT(stage_.store->settle("behind", settlements, refused));
  SLUICE_ASSERT(stage_.store->send_again(std::vector<std::int64_t>{8, 9}));
}

void Maker::take_commands(std::int64_t first, std::int64_t last) {
  Batch batch;
  for (std::int64_t number = first; number <= last; ++number) {
    const bool ended = number % 3 == 0;
    const CommandState state = ended             ? CommandState::succeeded
                               : number % 3 == 1 ? CommandState::sent
                                                 : CommandState::accepted;
    batch.commands.push_back(command(number, state, ended));
    made_.commands.insert(batch.commands.back().command.id);
    batch.answers.push_back({number, "behind", "answers", batch.commands.back().command.id});
    batch.settings.push_back({"behind", "d/" + std::to_string(number), "power", 1, "s"});
  }
  SLUICE_ASSERT(stage_.store->append(batch));
}

Everything Maker::make(bool killed) {
  stage_.options.durability = Durability::process_crash;
  SLUICE_ASSERT(stage_.open());
  SLUICE_ASSERT(stage_.store->keep_clouds({"ahead", "behind"}));
  append(300, 200);
  settle("behind", 280);  // so that something is pruned
  settle("ahead", 300);
  append(3, 20'000);
  quarantine();
  take_commands(1, 30);
  for (int i = 0; i < 8; ++i) append(25, 250);
  settle("ahead", 120);
  SLUICE_ASSERT(stage_.open_again());
  if (killed) {
    for (int i = 0; i < 4; ++i) append(10, 250);
    take_commands(31, 36);
    settle("ahead", 20);
    append(1, 200);
  }
  made_.shown = stage_.store->snapshot();
  if (!killed) stage_.store.reset();
  made_.files = files_of(stage_);
  return std::move(made_);
}

}  // namespace

Everything make_everything(bool killed) {
  return Maker().make(killed);
}

}  // namespace sluice::store
