#include <gtest/gtest.h>

#include "connectors/webhook/webhook_sink.h"

namespace sluice::webhook {
namespace {

TEST(Url, ReadsItsParts) {
  const Result<Url> url = parse_url("https://example.org:8443/a/b?c=d");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "example.org");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a/b?c=d");
}

TEST(Url, FillsInWhatIsNotSaid) {
  EXPECT_EQ(parse_url("https://example.org")->port, 443);
  EXPECT_EQ(parse_url("http://example.org")->port, 80);
  EXPECT_FALSE(parse_url("http://example.org")->tls);
  EXPECT_EQ(parse_url("https://example.org")->target, "/");
  EXPECT_EQ(parse_url("https://example.org?x=1")->target, "/?x=1");
}

TEST(Url, ReadsIpv6) {
  const Result<Url> url = parse_url("https://[2001:db8::1]:444/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "2001:db8::1");
  EXPECT_EQ(url->port, 444);
  EXPECT_EQ(parse_url("https://[::1]")->port, 443);
}

TEST(Url, KnowsLoopback) {
  for (const char* text : {"http://localhost/", "http://127.0.0.1/", "http://127.9.9.9:80/", "http://[::1]/"})
    EXPECT_TRUE(parse_url(text)->loopback()) << text;
  for (const char* text :
       {"http://128.0.0.1/", "http://localhost.example.org/", "http://127.0.0.1.example.org/", "http://[2001:db8::1]/"})
    EXPECT_FALSE(parse_url(text)->loopback()) << text;
}

class BadUrl : public testing::TestWithParam<const char*> {};

TEST_P(BadUrl, IsRefusedWithoutRepeatingIt) {
  const Result<Url> url = parse_url(GetParam());
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().kind, ErrorKind::config);
  EXPECT_EQ(url.error().message.find("secret"), std::string::npos) << url.error().message;
}

INSTANTIATE_TEST_SUITE_P(All, BadUrl,
                         testing::Values("", "example.org/secret", "ftp://example.org/secret", "https://",
                                         "https:///secret", "https://user:secret@example.org/", "https://exa mple.org/",
                                         "https://h\xc3\xb6st/", "https://example.org:0/", "https://example.org:65536/",
                                         "https://example.org:/", "https://example.org:12a/", "https://[::1/",
                                         "https://[nonsense]/", "https://[::1]x/", "https://example.org/#secret",
                                         "https://example.org/a b", "https://example.org/\r\nX: secret",
                                         "https://example.org/\xc3\xb6"));

}  // namespace
}  // namespace sluice::webhook
