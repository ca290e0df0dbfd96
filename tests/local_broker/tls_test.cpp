// TLS to the broker: what is accepted, what is refused and how that is said, and that data never lies waiting.

#include <numeric>

#include <gtest/gtest.h>

#include "connectors/local_broker/publisher.h"
#include "tests/local_broker/running.h"
#include "tests/local_broker/tls_relay.h"
#include "tests/stage/certificates.h"
#include "tests/stage/mosquitto.h"
#include "tests/stage/scripted_broker.h"

namespace sluice::local_broker {
namespace {

using stage::Certificate;
using stage::eventually;

struct Tls : testing::Test {
  std::vector<std::string> lines(const Certificate& certificate) const {
    return {"cafile " + authority.ca_file().string(), "certfile " + certificate.cert_file.string(),
            "keyfile " + certificate.key_file.string()};
  }
  Options options(int port) const {
    Options result = options_for(port);
    result.address.tls = true;
    result.tls.ca_file = authority.ca_file();
    return result;
  }

  stage::TempFolder folder;
  stage::Authority authority{folder.path()};
};

TEST_F(Tls, WorksWithAnAuthorityOfOnesOwn) {
  stage::Mosquitto broker(lines(authority.server()));
  Running running(options(broker.port()));
  ASSERT_TRUE(running.up());
  Options device = options(broker.port());
  device.client_id = "device";
  const auto publisher = Publisher::connect(device);
  ASSERT_TRUE(publisher) << publisher.error().message;
  ASSERT_TRUE((*publisher)->publish("t/a", "hello", 1));
  ASSERT_TRUE((*publisher)->flush(stage::patience));
  ASSERT_TRUE(running.received(1));
  EXPECT_EQ(running.acceptor.messages()[0].payload, "hello");
}

TEST_F(Tls, ACertificateForAnotherHostIsRefused) {
  stage::Mosquitto broker(lines(authority.server({"other.example"})));
  Running running(options(broker.port()));
  EXPECT_TRUE(running.says("it is not for '127.0.0.1'"));
  EXPECT_FALSE(running.source.state().connected);
  EXPECT_TRUE(running.source.state().protocol.empty()) << "CONNECT was never sent, so nothing is known of versions";

  Options device = options(broker.port());
  device.client_id = "device";
  const auto publisher = Publisher::connect(device);
  ASSERT_FALSE(publisher);
  EXPECT_NE(publisher.error().message.find("it is not for '127.0.0.1'"), std::string::npos);
}

TEST_F(Tls, TheNameToExpectMayBeGiven) {
  stage::Mosquitto broker(lines(authority.server({"other.example"})));
  Options named = options(broker.port());
  named.tls.server_name = "other.example";
  Running running(named);
  EXPECT_TRUE(running.up());
}

TEST_F(Tls, AnUnknownAuthorityIsRefused) {
  stage::Authority stranger(folder.path(), "stranger");
  stage::Mosquitto broker(lines(stranger.server()));
  Running running(options(broker.port()));
  EXPECT_TRUE(running.says("its authority is not known; name the authority's certificate in tls.ca_file"));
}

TEST_F(Tls, WithoutACaFileTheMachinesAuthoritiesCount) {
  stage::Mosquitto broker(lines(authority.server()));
  Options machine = options(broker.port());
  machine.tls.ca_file.clear();
  Running running(machine);
  EXPECT_TRUE(running.says("its authority is not known"));
}

TEST_F(Tls, AnExpiredCertificateIsRefused) {
  stage::Mosquitto broker(lines(authority.server({"127.0.0.1"}, 0)));
  Running running(options(broker.port()));
  EXPECT_TRUE(running.says("expired"));
}

TEST_F(Tls, ABrokerThatWantsAClientCertificateIsUnderstood) {
  std::vector<std::string> strict = lines(authority.server());
  strict.insert(strict.end(), {"require_certificate true", "use_identity_as_username true"});
  stage::Mosquitto broker(strict);
  {
    Running running(options(broker.port()));
    EXPECT_TRUE(running.says("client certificate"));
  }
  const Certificate mine = authority.client("sluice");
  Options shown = options(broker.port());
  shown.tls.cert_file = mine.cert_file;
  shown.tls.key_file = mine.key_file;
  Running running(shown);
  EXPECT_TRUE(running.up());
}

TEST_F(Tls, UnusableFilesAreConfigurationErrorsThatNameTheKey) {
  const Certificate mine = authority.client("sluice");
  const std::string missing = folder / "missing.pem";
  std::vector<std::pair<TlsOptions, std::string>> cases;
  cases.push_back({{.ca_file = missing, .cert_file = "", .key_file = "", .server_name = ""}, "tls.ca_file"});
  cases.push_back(
      {{.ca_file = "", .cert_file = missing, .key_file = mine.key_file, .server_name = ""}, "tls.cert_file"});
  cases.push_back(
      {{.ca_file = "", .cert_file = mine.cert_file, .key_file = missing, .server_name = ""}, "tls.key_file"});
  cases.push_back({{.ca_file = "", .cert_file = mine.cert_file, .key_file = "", .server_name = ""}, "go together"});
  cases.push_back({{.ca_file = "",
                    .cert_file = mine.cert_file,
                    .key_file = authority.client("another").key_file,
                    .server_name = ""},
                   "tls.key_file"});
  for (const auto& [tls, words] : cases) {
    Options wrong = options(1);
    wrong.tls = tls;
    Running running(wrong);
    running.thread.join();
    ASSERT_FALSE(running.result);
    EXPECT_EQ(running.result.error().kind, ErrorKind::config);
    EXPECT_NE(running.result.error().message.find(words), std::string::npos) << running.result.error().message;
  }
}

TEST_F(Tls, APlainPortIsUnderstood) {
  stage::Mosquitto broker;
  Options wrong = options(broker.port());
  wrong.answer_wait = Duration(500);
  Running running(wrong);
  EXPECT_TRUE(eventually([&] { return !running.source.state().last_error.empty(); }));
  EXPECT_FALSE(running.source.state().connected);
}

TEST_F(Tls, AFailedCommitIsNotAcknowledged) {
  stage::Mosquitto broker(lines(authority.server()));
  Running running(options(broker.port()));
  ASSERT_TRUE(running.up());
  running.acceptor.fail(1);
  Options device = options(broker.port());
  device.client_id = "device";
  const auto publisher = Publisher::connect(device);
  ASSERT_TRUE(publisher);
  ASSERT_TRUE((*publisher)->publish("t/a", "again", 1));
  ASSERT_TRUE((*publisher)->flush(stage::patience));
  ASSERT_TRUE(running.received(1));
  EXPECT_TRUE(running.acceptor.messages()[0].resent);
}

TEST_F(Tls, AFloodDoesNotStall) {
  std::vector<std::string> wide = lines(authority.server());
  wide.push_back("max_queued_messages 0");
  stage::Mosquitto broker(wide);
  Options small = options(broker.port());
  small.batch_count_max = 100;
  Running running(small);
  ASSERT_TRUE(running.up());
  Options device = options(broker.port());
  device.client_id = "device";
  const auto publisher = Publisher::connect(device);
  ASSERT_TRUE(publisher);
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE((*publisher)->publish("t/a", std::to_string(i), 1));
  ASSERT_TRUE((*publisher)->flush(stage::patience));
  EXPECT_TRUE(running.received(20'000));
}

TEST_F(Tls, WhatARecordStillHoldsIsNotForgotten) {
  stage::ScriptedBroker broker;
  TlsRelay relay(authority.server(), broker.port());
  Options small = options(relay.port());
  small.batch_count_max = 5;  // far less than a record holds
  Running running(small);
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(broker.grant());
  std::string bytes;
  for (int id = 1; id <= 2000; ++id)
    bytes += broker.encode({.topic = "t/a", .payload = "x", .id = static_cast<std::uint16_t>(id)});
  broker.send(bytes);
  EXPECT_TRUE(running.received(2000)) << "left to poll(2), each five of the last record wait a second";
  std::vector<int> expected(2000);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(stage::read_pubacks(broker, 2000), expected);
}

}  // namespace
}  // namespace sluice::local_broker
