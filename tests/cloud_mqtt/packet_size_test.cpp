// The broker's Maximum Packet Size (MQTT 5 section 3.2.2.3.6), to the byte: what fits is sent, what does not never is,
// and the library, which aborts the process for a little too much, never comes to judge it.
#include <algorithm>

#include "tests/cloud_mqtt/commanded.h"
#include "tests/cloud_mqtt/wire.h"
#include "tests/stage/mosquitto.h"

namespace sluice::cloud_mqtt {
namespace {

using stage::Packet;
using stage::ScriptedBroker;

constexpr std::size_t packet_max = 1000;

/// Of a whole packet, from what follows its fixed header.
std::size_t whole(const std::string& body) {
  return ScriptedBroker::encode(0x32, body).size();
}

struct PacketSize : testing::Test {
  bool greet() {
    if (!broker.accept() || !broker.read()) return false;
    broker.send(ScriptedBroker::encode(0x20, std::string("\0\0\5\x27\0\0\3\xe8", 8)));
    return true;
  }
  /// The whole size of the next PUBLISH, which is acknowledged.
  std::size_t take_publish() {
    for (;;) {
      const std::optional<Packet> packet = broker.read();
      if (!packet) return 0;
      if (packet->type() != stage::publish) continue;
      broker.send(puback(Publish(*packet).id));
      return whole(packet->body);
    }
  }
  /// The size of what carries a record with so much padding.
  std::size_t size_of(Running& running, std::size_t padding) {
    const auto all = running.records(1, padding);
    auto answer = running.deliver(all);
    const std::size_t size = take_publish();
    EXPECT_EQ(outcomes(answer.get()), "a");
    return size;
  }
  ScriptedBroker broker;
};

struct Shape {
  const char* name;
  Format format;
  std::chrono::seconds age_max;
};
class EveryFormat : public PacketSize, public testing::WithParamInterface<Shape> {};

TEST_P(EveryFormat, FillsAPacketToTheByteAndNoFurther) {
  Options options = options_for(broker.port());
  options.format = GetParam().format;
  options.age_max = GetParam().age_max;
  Running running(std::move(options));
  ASSERT_TRUE(greet());
  const std::size_t room = packet_max - size_of(running, 300);
  EXPECT_EQ(size_of(running, 300 + room), packet_max);
  for (std::size_t more = 1; more < 12; ++more) {
    const auto all = running.records(1, 300 + room + more);
    const std::vector<Verdict> verdicts = running.deliver(all).get();
    ASSERT_EQ(outcomes(verdicts), "r") << more;
    EXPECT_NE(verdicts[0].reason.find("than this cloud takes (1000)"), std::string::npos) << verdicts[0].reason;
  }
  EXPECT_EQ(size_of(running, 300), packet_max - room) << "on the same connection";
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat,
                         testing::Values(Shape{"binary", Format::cloudevents, {}},
                                         Shape{"binary_that_expires", Format::cloudevents, std::chrono::hours(1)},
                                         Shape{"structured", Format::structured, {}}, Shape{"data", Format::data, {}}),
                         [](const auto& shape) { return shape.param.name; });

TEST_F(PacketSize, APackIsMadeToFit) {
  Options options = options_for(broker.port());
  options.topics = std::make_shared<TopicTemplate>(*TopicTemplate::parse("up/{gateway}", "home-pi"));
  options.pack_bytes_max = 64 * 1024;
  Running running(std::move(options));
  ASSERT_TRUE(greet());
  const auto all = running.records(40);
  auto answer = running.deliver(all);
  std::vector<std::size_t> sizes;
  std::vector<Verdict> verdicts;
  while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    if (const std::optional<Packet> packet = broker.read(std::chrono::milliseconds(100));
        packet && packet->type() == stage::publish) {
      sizes.push_back(whole(packet->body));
      broker.send(puback(Publish(*packet).id));
    }
  EXPECT_EQ(outcomes(answer.get()), std::string(40, 'a'));
  ASSERT_FALSE(sizes.empty());
  EXPECT_LE(*std::ranges::max_element(sizes), packet_max);
  EXPECT_LT(sizes.size(), 30u) << "several in one";
}

TEST_F(PacketSize, AnAnswerThatDoesNotFitIsRejected) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(greet());
  ASSERT_TRUE(broker.grant());
  const std::string reply_to = "AAECAw== answers/me";
  auto answer = commanded.answer(reply_to, std::string(500, 'x'));
  const std::size_t room = packet_max - take_publish();
  EXPECT_EQ(answer.get().outcome, Outcome::accepted);
  answer = commanded.answer(reply_to, std::string(500 + room, 'x'));
  EXPECT_EQ(take_publish(), packet_max);
  EXPECT_EQ(answer.get().outcome, Outcome::accepted);
  for (std::size_t more = 1; more < 12; ++more) {
    const Verdict verdict = commanded.answer(reply_to, std::string(500 + room + more, 'x')).get();
    ASSERT_EQ(verdict.outcome, Outcome::rejected) << more;
    EXPECT_NE(verdict.reason.find("takes (1000)"), std::string::npos) << verdict.reason;
  }
  EXPECT_TRUE(commanded.up());
}

TEST(RealBroker, TakesAllThatIsSaidToFit) {
  stage::Mosquitto broker({"max_packet_size 1000"});
  Running running(options_for(broker.port()));
  ASSERT_TRUE(running.up());
  std::string seen;
  for (std::size_t padding = 400; padding < 1000; ++padding) {
    const auto all = running.records(1, padding);
    seen += outcomes(running.deliver(all).get());
  }
  const std::size_t fit = seen.find('r');
  ASSERT_NE(fit, std::string::npos);
  EXPECT_GT(fit, 0u);
  EXPECT_EQ(seen, std::string(fit, 'a') + std::string(seen.size() - fit, 'r'));
  EXPECT_TRUE(running.sink->link()->why.empty()) << running.sink->link()->why;
}

}  // namespace
}  // namespace sluice::cloud_mqtt
