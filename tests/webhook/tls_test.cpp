#include <gtest/gtest.h>

#include "tests/stage/process.h"
#include "tests/stage/temp_folder.h"
#include "tests/webhook/peers.h"

namespace sluice::webhook {
namespace {

/// An endpoint behind TLS, and a sender that trusts its authority.
class Tls : public testing::Test {
 protected:
  void start(const stage::Certificate& certificate, const std::string& client_ca_file = {}) {
    peer_ = std::make_unique<HttpPeer>([](const Seen&) { return Reply{}; }, certificate, client_ca_file);
    sender_ = std::make_unique<Sender>(peer_->port(), true);
    sender_->options.tls.ca_file = authority_.ca_file();
  }

  /// Expects that nothing is sent and that the reason says why.
  void expect_pause(const std::string& why) {
    const auto verdicts = sender_->deliver(make_records(2));
    EXPECT_EQ(outcomes(verdicts), "pp") << verdicts[0].reason;
    EXPECT_NE(verdicts[0].reason.find(why), std::string::npos) << verdicts[0].reason;
    EXPECT_TRUE(peer_->seen().empty());
  }

  stage::TempFolder folder_;
  stage::Authority authority_{folder_.path()};
  std::unique_ptr<HttpPeer> peer_;
  std::unique_ptr<Sender> sender_;
};

TEST_F(Tls, DeliversOverOneConnection) {
  start(authority_.server());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(outcomes(sender_->deliver(make_records(20, 2000))), std::string(20, 'a'));
  EXPECT_EQ(peer_->connections(), 1U);
}

TEST_F(Tls, TrustsTheMachinesAuthoritiesOnlyUnlessToldOtherwise) {
  start(authority_.server());
  sender_->options.tls.ca_file.clear();
  expect_pause("certificate");
}

TEST_F(Tls, RefusesAServerNameThatTheCertificateDoesNotBear) {
  start(authority_.server({"other.example", "127.0.0.1"}));
  sender_->options.tls.server_name = "another.example";
  expect_pause("another.example");
}

TEST_F(Tls, AsksForTheServerNameItIsTold) {
  start(authority_.server({"other.example"}));
  sender_->options.tls.server_name = "other.example";
  EXPECT_EQ(outcomes(sender_->deliver(make_records(2))), "aa");
}

TEST_F(Tls, RefusesACertificateThatHasExpired) {
  start(authority_.server({"127.0.0.1"}, 0));
  expect_pause("expired");
}

TEST_F(Tls, ShowsItsOwnCertificate) {
  const stage::Certificate own = authority_.client("gateway");
  start(authority_.server(), authority_.ca_file());
  sender_->options.tls.cert_file = own.cert_file;
  sender_->options.tls.key_file = own.key_file;
  EXPECT_EQ(outcomes(sender_->deliver(make_records(2))), "aa");
}

TEST_F(Tls, PausesWhereACertificateIsAskedForAndNoneIsShown) {
  start(authority_.server(), authority_.ca_file());
  expect_pause("certificate required");
}

TEST_F(Tls, PausesWhereThePeerSpeaksNoTls) {
  HttpPeer plain;
  Sender sender(plain.port(), true);
  EXPECT_EQ(outcomes(sender.deliver(make_records(1))), "p");
}

TEST_F(Tls, RefusesFilesThatDoNotFitAtTheStart) {
  const stage::Certificate one = authority_.client("one"), two = authority_.client("two");
  Sender sender(1, true);
  sender.options.tls.cert_file = one.cert_file;
  sender.options.tls.key_file = two.key_file;
  const auto made = WebhookSink::make(sender.options, sender.clock, sender.log);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("tls.key_file"), std::string::npos) << made.error().message;
}

TEST_F(Tls, APeerThatIsGoneDuringTheHandshakeIsTheNetwork) {
  RawPeer peer([](int, const std::atomic<bool>&) {});
  Sender sender(peer.port(), true);
  EXPECT_EQ(outcomes(sender.deliver(make_records(1))), "d");
}

}  // namespace
}  // namespace sluice::webhook
