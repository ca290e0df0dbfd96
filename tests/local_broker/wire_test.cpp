#include "tests/local_broker/wire.h"

namespace sluice::local_broker {
namespace {

TEST_F(Wire, PubackLeavesOnlyAfterAcceptReturned) {
  start();
  running->acceptor.hang(true);
  send(7, 7);
  ASSERT_TRUE(called(1));
  EXPECT_FALSE(broker.read(a_while)) << "acknowledged before the commit";
  running->acceptor.hang(false);
  EXPECT_EQ(read_pubacks(broker, 1), numbers(7, 7));
}

TEST_F(Wire, WhatComesDuringACommitIsOneBatch) {
  start();
  running->acceptor.hang(true);
  send(1, 1);
  ASSERT_TRUE(called(1));
  send(2, 500);
  EXPECT_FALSE(broker.read(a_while));
  running->acceptor.hang(false);
  EXPECT_EQ(read_pubacks(broker, 500), numbers(1, 500));
  const auto batches = running->acceptor.batches();
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].size(), 499U);
}

TEST_F(Wire, AFailedAcceptEndsTheConnectionWithoutAWord) {
  start();
  running->acceptor.fail(1);
  send(1, 3);
  EXPECT_TRUE(broker.closed_silently());
  EXPECT_TRUE(running->says("the disk is full"));

  ASSERT_TRUE(broker.greet(true));
  broker.send_publish({.topic = "t/a", .payload = "x", .id = 1, .dup = true});
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1));
  ASSERT_EQ(running->acceptor.count(), 1U);
  EXPECT_TRUE(running->acceptor.messages()[0].resent);
}

TEST_F(Wire, StaysAwayUntilTheAcceptorIsReady) {
  start();
  running->acceptor.fail(1);
  running->acceptor.set_ready(false);
  send(1, 1);
  EXPECT_TRUE(broker.closed_silently());
  EXPECT_TRUE(eventually([&] { return running->acceptor.ready_calls() >= 3; }));
  EXPECT_FALSE(broker.accept(a_while));
  EXPECT_TRUE(running->says("the disk is still full"));
  EXPECT_FALSE(running->source.state().connected);
  running->acceptor.set_ready(true);
  EXPECT_TRUE(broker.greet(true));
}

TEST_F(Wire, NothingLeavesWhileUncommittedThoughAPingIsDue) {
  Options options = options_for(0);
  options.keep_alive = std::chrono::seconds(5);
  options.commit_wait = Duration(7'000);
  start(options);
  send(1, 1);
  // The ping is due two seconds before the commit. Had it left, the acknowledgement before it would have, too.
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type(), PacketType::puback);
  EXPECT_EQ(running->acceptor.count(), 1U) << "acknowledged before the commit";
}

TEST_F(Wire, PingsAndEndsTheConnectionWhenNobodyAnswers) {
  Options options = options_for(0);
  options.keep_alive = std::chrono::seconds(5);
  start(options);
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type(), PacketType::pingreq);
  EXPECT_TRUE(broker.closed_silently());
  EXPECT_TRUE(running->says("has not answered"));
  EXPECT_TRUE(broker.accept());
}

TEST_F(Wire, MessagesArriveAsTheyWere) {
  start();
  const std::string binary("\0\xFF\n", 3);
  broker.send_publish({.topic = "t/\xC3\xBC", .payload = binary, .qos = 0});
  broker.send_publish({.topic = "t/empty", .payload = "", .id = 9, .retain = true});
  ASSERT_TRUE(running->received(2));
  const std::vector<Message> messages = running->acceptor.messages();
  EXPECT_EQ(messages[0].topic, "t/\xC3\xBC");
  EXPECT_EQ(messages[0].payload, binary);
  EXPECT_EQ(messages[0].qos, 0);
  EXPECT_EQ(messages[0].packet_id, 0);
  EXPECT_FALSE(messages[0].retained);
  EXPECT_GT(messages[0].received_at, Timestamp(std::chrono::milliseconds(0)));
  EXPECT_EQ(messages[1].payload, "");
  EXPECT_EQ(messages[1].packet_id, 9);
  EXPECT_TRUE(messages[1].retained);
  EXPECT_FALSE(messages[1].cut());
}

TEST_F(Wire, AMessageThatComesInPiecesIsOneMessage) {
  start();
  const std::string bytes = broker.encode({.topic = "t/a", .payload = std::string(5000, 'x'), .id = 1});
  broker.send(bytes.substr(0, 1));
  EXPECT_FALSE(broker.read(a_while));
  broker.send(bytes.substr(1, 2000));
  EXPECT_FALSE(broker.read(a_while));
  broker.send(bytes.substr(2001));
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1));
  EXPECT_EQ(running->acceptor.messages().at(0).payload.size(), 5000U);
}

TEST_F(Wire, WhatIsTooLargeIsCutAndTellsItsSize) {
  Options options = options_for(0);
  options.message_size_max = 2000;
  start(options);
  send(1, 1, std::string(2000, 'x'));
  send(2, 2, std::string(2001, 'y'));
  EXPECT_EQ(read_pubacks(broker, 2), numbers(1, 2));
  const std::vector<Message> messages = running->acceptor.messages();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].payload.size(), 2000U);
  EXPECT_FALSE(messages[0].cut());
  EXPECT_EQ(messages[1].payload, std::string(oversize_kept, 'y'));
  EXPECT_EQ(messages[1].payload_size, 2001U);
}

TEST_F(Wire, EvenASmallLimitCuts) {
  Options options = options_for(0);
  options.message_size_max = 10;
  start(options);
  send(1, 1, std::string(11, 'x'));
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1));
  EXPECT_TRUE(running->acceptor.messages().at(0).cut());
  EXPECT_EQ(running->acceptor.messages().at(0).payload_size, 11U);
}

TEST_F(Wire, CommitWaitGathers) {
  Options options = options_for(0);
  options.commit_wait = Duration(2'000);
  start(options);
  for (int id = 1; id <= 3; ++id) {
    send(id, id);
    EXPECT_FALSE(broker.read(std::chrono::milliseconds(50))) << "acknowledgements wait with the commit";
  }
  EXPECT_EQ(read_pubacks(broker, 3), numbers(1, 3));
  EXPECT_EQ(running->acceptor.batches().size(), 1U);
}

TEST_F(Wire, AFullBatchDoesNotWait) {
  Options options = options_for(0);
  options.commit_wait = std::chrono::hours(1);
  options.batch_count_max = 3;
  start(options);
  send(1, 3);
  EXPECT_EQ(read_pubacks(broker, 3), numbers(1, 3));
}

TEST_F(Wire, BatchesAreBoundedByCount) {
  Options options = options_for(0);
  options.batch_count_max = 10;
  start(options);
  send(1, 95);
  EXPECT_EQ(read_pubacks(broker, 95), numbers(1, 95));
  for (const auto& batch : running->acceptor.batches()) EXPECT_LE(batch.size(), 10U);
}

TEST_F(Wire, BatchesAreBoundedByBytes) {
  Options options = options_for(0);
  options.batch_bytes_max = 10'000;
  start(options);
  send(1, 20, std::string(6000, 'x'));
  EXPECT_EQ(read_pubacks(broker, 20), numbers(1, 20));
  for (const auto& batch : running->acceptor.batches()) EXPECT_LE(batch.size(), 2U);
}

TEST_F(Wire, WhatWasReadBeforeTheConnectionBrokeIsNotLost) {
  Options options = options_for(0);
  options.commit_wait = std::chrono::hours(1);
  start(options);
  broker.send_publish({.topic = "t/a", .payload = "QoS 0 does not come again", .qos = 0});
  EXPECT_FALSE(broker.closed_silently(a_while));
  ASSERT_EQ(running->acceptor.count(), 0U);
  broker.close();
  EXPECT_TRUE(running->received(1));
}

TEST_F(Wire, AStopFinishesTheBatchAndSaysGoodbye) {
  Options options = options_for(0);
  options.commit_wait = std::chrono::hours(1);
  start(options);
  send(1, 2);
  EXPECT_FALSE(broker.read(a_while));
  running->thread.request_stop();
  EXPECT_EQ(read_pubacks(broker, 2), numbers(1, 2));
  const std::optional<Packet> goodbye = broker.read();
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->first, 0xE0) << "DISCONNECT";
  EXPECT_EQ(goodbye->body.find('\x04'), std::string::npos) << "reason 4 is for a will";
  running->stop();
  EXPECT_TRUE(running->result);
  EXPECT_EQ(running->acceptor.count(), 2U);
  EXPECT_FALSE(running->source.state().connected);
}

TEST_F(Wire, AStopGivesUpABatchThatCannotBeCommitted) {
  start();
  running->acceptor.hang(true);
  running->acceptor.fail(1);
  send(1, 1);
  ASSERT_TRUE(called(1));
  running->thread.request_stop();
  running->acceptor.hang(false);
  EXPECT_TRUE(broker.closed_silently());
}

}  // namespace
}  // namespace sluice::local_broker
