// Recognising what the broker delivers again: the latest digest of each packet id, in a window of messages.
#include <map>

#include <gtest/gtest.h>

#include "tests/store/stage.h"

namespace sluice::store {
namespace {

struct ReceiptsTest : testing::Test {
  void SetUp() override {
    stage.options.durability = Durability::process_crash;
    ASSERT_TRUE(stage.open());
  }
  std::map<int, std::uint64_t> shown() {
    std::map<int, std::uint64_t> by_id;
    const std::vector<Receipt> known = *stage.store->receipts();
    for (const Receipt& receipt : known) {
      EXPECT_EQ(by_id.count(receipt.packet_id), 0u) << "one a packet id";
      by_id[receipt.packet_id] = receipt.digest;
    }
    return by_id;
  }
  void add(std::initializer_list<Receipt> receipts) {
    Batch batch{.receipts = receipts};
    batch.counts.received_qos1 = batch.counts.understood = receipts.size();
    ASSERT_TRUE(stage.store->append(batch));
  }
  /// QoS 1 messages with ids from 1000 on that leave receipts.
  void add_many(int count) {
    while (count > 0) {
      Batch batch;
      for (int i = 0; i < 1000 && count > 0; ++i, --count)
        batch.receipts.push_back({static_cast<std::uint16_t>(1000 + next_++ % 64000), 1});
      batch.counts.received_qos1 = batch.counts.understood = batch.receipts.size();
      ASSERT_TRUE(stage.store->append(batch));
    }
  }
  Stage stage;

 private:
  int next_ = 0;
};

TEST_F(ReceiptsTest, the_latest_of_each_id) {
  add({{1, 0xfedcba9876543210}, {65535, 2}});
  add({{1, 3}});
  EXPECT_EQ(shown(), (std::map<int, std::uint64_t>{{1, 3}, {65535, 2}}));
}

TEST_F(ReceiptsTest, are_durable_with_the_append) {
  add({{1, 0xfedcba9876543210}});
  Stage after;
  copy_as_killed(stage, after);
  ASSERT_TRUE(after.open());
  const auto receipts = after.store->receipts();
  ASSERT_EQ(receipts->size(), 1u);
  EXPECT_EQ(receipts->front().digest, 0xfedcba9876543210);
}

TEST_F(ReceiptsTest, many_small_batches_and_a_large_one_keep_all) {
  std::map<int, std::uint64_t> expected;
  for (int i = 1; i <= 500; ++i) {
    add({{static_cast<std::uint16_t>(i), static_cast<std::uint64_t>(i) * 7}});
    expected[i] = static_cast<std::uint64_t>(i) * 7;
  }
  EXPECT_EQ(shown(), expected);
  add_many(100);
  EXPECT_EQ(shown().size(), 600u);
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(shown().size(), 600u);
}

TEST_F(ReceiptsTest, a_new_session_forgets_those_before) {
  add({{1, 1}});
  add_many(1000);
  add({{2, 2}});
  ASSERT_TRUE(stage.store->append({.receipts = {{3, 3}}, .forget_receipts = true}));
  EXPECT_EQ(shown(), (std::map<int, std::uint64_t>{{3, 3}}));
  ASSERT_TRUE(stage.store->append({.forget_receipts = true}));
  EXPECT_TRUE(shown().empty());
  ASSERT_TRUE(stage.open_again());
  EXPECT_TRUE(shown().empty());
}

TEST_F(ReceiptsTest, the_window_ends_32768_messages_later) {
  add({{1, 1}});
  add({{2, 2}});
  add_many(32766);
  EXPECT_EQ(shown().count(1), 1u) << "32 767 came after it";
  add_many(1);
  EXPECT_EQ(shown().count(1), 0u) << "32 768 came after it";
  EXPECT_EQ(shown().count(2), 1u);
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(shown().count(1), 0u);
  EXPECT_EQ(shown().count(2), 1u);
}

TEST_F(ReceiptsTest, messages_that_left_no_receipt_count_too) {
  add({{1, 1}});
  ASSERT_TRUE(stage.store->append({.counts = {.received_qos1 = 32767, .ignored = 32767}}));
  EXPECT_EQ(shown().count(1), 1u);
  ASSERT_TRUE(stage.store->append({.counts = {.received_qos1 = 1, .ignored = 1}}));
  EXPECT_EQ(shown().count(1), 0u);
}

TEST_F(ReceiptsTest, the_file_does_not_grow_with_them) {
  add_many(100'000);
  ASSERT_TRUE(stage.open_again());
  const auto size = std::filesystem::file_size(stage.file());
  add_many(200'000);
  ASSERT_TRUE(stage.open_again());
  EXPECT_LT(std::filesystem::file_size(stage.file()), size + 100'000);
}

}  // namespace
}  // namespace sluice::store
