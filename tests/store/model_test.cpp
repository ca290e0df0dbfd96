// Random sequences of everything a store can be told, beside a model that is too simple to be wrong.
#include <deque>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "tests/stage/experiment.h"
#include "tests/store/stage.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

struct ModelCloud {
  std::deque<Record> waiting;
  CloudCounts counts;
};

/// What the store promises, with nothing but queues.
struct Model {
  Limits limits;
  MessageCounts messages;
  std::uint64_t stored = 0;
  std::map<std::string, ModelCloud> clouds;
  std::deque<std::pair<std::int64_t, Timestamp>> quarantine;  // size, when
  std::uint64_t quarantine_dropped = 0;
  std::map<int, std::uint64_t> receipts;

  static std::int64_t bytes(const std::deque<Record>& records) {
    std::int64_t sum = 0;
    for (const Record& record : records) sum += static_cast<std::int64_t>(record.size());
    return sum;
  }
  std::int64_t outbox_bytes() const {
    std::int64_t most = 0;
    for (const auto& [name, cloud] : clouds) most = std::max(most, bytes(cloud.waiting));
    return most;
  }
  void append(const Batch& batch, Timestamp now) {
    messages += batch.counts;
    stored += batch.records.size();
    for (auto& [name, cloud] : clouds) {
      for (const Record& record : batch.records) cloud.waiting.push_back(record);
      cloud.counts.stored += batch.records.size();
      if (limits.when_full == WhenFull::hold) continue;
      for (; bytes(cloud.waiting) > limits.size_max; cloud.waiting.pop_front()) cloud.counts.dropped_size += 1;
    }
    for (const Quarantined& entry : batch.quarantined) put(entry, now);
    if (batch.forget_receipts) receipts.clear();
    for (const Receipt& receipt : batch.receipts) receipts[receipt.packet_id] = receipt.digest;
  }
  void put(const Quarantined& entry, Timestamp now) {
    std::size_t size = 64 + entry.reason.size() + entry.topic.size() + entry.payload.size() + entry.cloud.size();
    if (entry.record) size += entry.record->data.size() + entry.record->device.size() + entry.record->schema.size();
    quarantine.emplace_back(size, now);
    for (; quarantine_bytes() > limits.quarantine_size_max; quarantine.pop_front()) quarantine_dropped += 1;
  }
  std::int64_t quarantine_bytes() const {
    std::int64_t sum = 0;
    for (const auto& entry : quarantine) sum += entry.first;
    return sum;
  }
  void age(Timestamp now) {
    for (auto& [name, cloud] : clouds)
      for (; !cloud.waiting.empty() && cloud.waiting.front().id.time() < now - limits.age_max;
           cloud.waiting.pop_front())
        cloud.counts.dropped_age += 1;
    for (; !quarantine.empty() && quarantine.front().second < now - limits.quarantine_age_max; quarantine.pop_front())
      quarantine_dropped += 1;
  }
};

class Player {
 public:
  explicit Player(unsigned seed) : random_(seed) {
    stage_.options.limits = {.size_max = number(5'000, 60'000),
                             .age_max = days(3),
                             .when_full = number(0, 2) == 0 ? WhenFull::hold : WhenFull::drop_oldest,
                             .quarantine_size_max = number(500, 5'000),
                             .quarantine_age_max = days(5)};
    stage_.options.durability = Durability::process_crash;
    model_.limits = stage_.options.limits;
  }

  void play(int moves) {
    ASSERT_TRUE(stage_.open());
    keep_clouds();
    trust_clock();
    for (int i = 0; i < moves && !testing::Test::HasFatalFailure(); ++i) {
      move();
      if (!testing::Test::HasFatalFailure()) compare();
    }
  }

 private:
  std::int64_t number(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
  }
  void move() {
    const std::int64_t choice = number(0, 99);
    if (choice < 45)
      append();
    else if (choice < 85)
      settle();
    else if (choice < 93)
      pass_time();
    else if (choice < 95)
      keep_clouds();
    else if (choice < 98)
      be_killed();
    else
      open_again();
  }

  void append();
  void settle();
  void pass_time();
  void keep_clouds();
  void open_again();
  void be_killed();
  void trust_clock();
  void compare();

  std::mt19937 random_;
  Stage stage_;
  Model model_;
};

void Player::append() {
  Batch batch = stage_.batch(0);
  const auto count = static_cast<std::size_t>(number(0, 3) == 0 ? number(0, 60) : number(0, 4));
  for (std::size_t i = 0; i < count; ++i) {
    batch.records.push_back(stage_.record(0, static_cast<std::size_t>(number(90, number(0, 9) == 0 ? 6000 : 300))));
    batch.receipts.push_back({static_cast<std::uint16_t>(number(1, 50)), random_()});
  }
  batch.counts.received_qos1 = batch.counts.understood = count;
  if (number(0, 9) == 0) batch.quarantined.push_back({.reason = "r", .topic = "t", .payload = std::string(100, 'p')});
  batch.counts.received_qos0 = batch.counts.quarantined = batch.quarantined.size();
  batch.forget_receipts = number(0, 19) == 0;
  std::int64_t bytes = 0;
  for (const Record& record : batch.records) bytes += static_cast<std::int64_t>(record.size());
  const std::int64_t before = model_.outbox_bytes();
  const bool held = model_.limits.when_full == WhenFull::hold && !batch.records.empty() && before > 0 &&
                    before + bytes > model_.limits.size_max;
  const auto done = stage_.store->append(batch);
  ASSERT_EQ(done.has_value(), !held) << (done ? "" : done.error().message);
  if (!held) model_.append(batch, stage_.clock.wall_time());
}

void Player::settle() {
  if (model_.clouds.empty()) return;
  auto chosen = model_.clouds.begin();
  std::advance(chosen, number(0, static_cast<std::int64_t>(model_.clouds.size()) - 1));
  auto& [name, cloud] = *chosen;
  const auto page = stage_.store->read(name, {.count_max = static_cast<std::size_t>(number(1, 50))});
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->records.empty(), cloud.waiting.empty());
  std::vector<Store::Settlement> settlements;
  std::vector<Quarantined> refused;
  const std::int64_t count = number(0, static_cast<std::int64_t>(page->records.size()));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    ASSERT_EQ(page->records[at].id, cloud.waiting.front().id);
    cloud.waiting.pop_front();
    const std::int64_t fate = number(0, 20);
    settlements.push_back({page->positions[at], fate == 0   ? Settled::rejected
                                                : fate == 1 ? Settled::skipped
                                                            : Settled::delivered});
    if (fate == 0) refused.push_back({.reason = "no", .cloud = name, .record = page->records[at]});
    (fate == 0 ? cloud.counts.rejected : fate == 1 ? cloud.counts.skipped : cloud.counts.delivered) += 1;
  }
  for (const Quarantined& entry : refused) model_.put(entry, stage_.clock.wall_time());
  const auto done = stage_.store->settle(name, settlements, std::move(refused));
  ASSERT_TRUE(done) << done.error().message;
}

void Player::pass_time() {
  stage_.clock.advance(number(0, 3) == 0 ? Duration(days(number(1, 2))) : Duration(number(1, 600'000)));
  ASSERT_TRUE(stage_.store->step());
  model_.age(stage_.clock.wall_time());
}

void Player::keep_clouds() {
  std::vector<std::string> names;
  for (const char* name : {"a", "b", "c"})
    if (number(0, 3) != 0) names.push_back(name);
  const auto forgotten = stage_.store->keep_clouds(names);
  ASSERT_TRUE(forgotten) << forgotten.error().message;
  std::map<std::string, ModelCloud> kept;
  for (const std::string& name : names) kept[name] = std::move(model_.clouds[name]);
  model_.clouds = std::move(kept);
}

void Player::open_again() {
  const auto done = stage_.open_again();
  ASSERT_TRUE(done) << done.error().message;
  trust_clock();
}

// Whatever was written with the last change is there; flushed first, so that the model knows what that is.
void Player::be_killed() {
  stage_.clock.advance(2min);
  ASSERT_TRUE(stage_.store->step());
  model_.age(stage_.clock.wall_time());
  Stage copy;
  copy_as_killed(stage_, copy);
  stage_.store.reset();
  std::filesystem::remove_all(stage_.options.data_dir);
  std::filesystem::copy(copy.options.data_dir, stage_.options.data_dir);
  const auto done = stage_.open();
  ASSERT_TRUE(done) << done.error().message;
  trust_clock();
}

void Player::trust_clock() {
  ASSERT_TRUE(stage_.store->step());
  stage_.clock.advance(2min);
  ASSERT_TRUE(stage_.store->step());
  model_.age(stage_.clock.wall_time());
}

void Player::compare() {
  const Snapshot shown = stage_.store->snapshot();
  ASSERT_EQ(broken_equation(shown), "");
  ASSERT_EQ(shown.stored, model_.stored);
  ASSERT_EQ(shown.messages.received(), model_.messages.received());
  ASSERT_EQ(shown.outbox_bytes, model_.outbox_bytes());
  ASSERT_EQ(shown.quarantine_records, model_.quarantine.size());
  ASSERT_EQ(shown.quarantine_bytes, model_.quarantine_bytes());
  ASSERT_EQ(shown.quarantine_dropped, model_.quarantine_dropped);
  ASSERT_EQ(shown.clouds.size(), model_.clouds.size());
  for (const CloudCounts& cloud : shown.clouds) {
    const ModelCloud& expected = model_.clouds.at(cloud.name);
    ASSERT_EQ(cloud.stored, expected.counts.stored);
    ASSERT_EQ(cloud.delivered, expected.counts.delivered);
    ASSERT_EQ(cloud.rejected, expected.counts.rejected);
    ASSERT_EQ(cloud.skipped, expected.counts.skipped);
    ASSERT_EQ(cloud.dropped_size, expected.counts.dropped_size);
    ASSERT_EQ(cloud.dropped_age, expected.counts.dropped_age);
    ASSERT_EQ(cloud.backlog_records, expected.waiting.size());
    ASSERT_EQ(cloud.backlog_bytes, Model::bytes(expected.waiting));
    ASSERT_EQ(cloud.oldest.has_value(), !expected.waiting.empty());
    if (cloud.oldest) {
      ASSERT_EQ(*cloud.oldest, expected.waiting.front().id.time());
    }
  }
  std::map<int, std::uint64_t> receipts;
  const std::vector<Receipt> known = *stage_.store->receipts();
  for (const Receipt& receipt : known) receipts[receipt.packet_id] = receipt.digest;
  ASSERT_EQ(receipts, model_.receipts);
}

TEST(ModelTest, random_moves_end_as_the_model_says) {
  const unsigned first = stage::experiment_seed();
  const int games = stage::one_seed() ? 1 : stage::rounds(20, 1000);
  for (int game = 0; game < games; ++game) {
    const unsigned seed = first + static_cast<unsigned>(game);
    SCOPED_TRACE("again with SLUICE_SEED=" + std::to_string(seed));
    Player(seed).play(400);
    if (HasFatalFailure()) return;
  }
  stage::note_figures("store against a model", "P2 P3", first, {{"games", static_cast<std::uint64_t>(games)}});
}

}  // namespace
}  // namespace sluice::store
