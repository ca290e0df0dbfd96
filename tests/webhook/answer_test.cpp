#include "connectors/webhook/answer.h"

#include <gtest/gtest.h>

namespace sluice::webhook {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(StepAfter, IsTheTableOfTheReadme) {
  for (int status = 0; status < 1000; ++status) {
    Step expected = Step::defer;
    if (status >= 200 && status < 300) expected = Step::accept;
    if (status >= 300 && status < 500) expected = Step::pause;
    if (status == 408 || status == 409 || status == 425 || status == 429) expected = Step::defer;
    if (status == 400 || status == 422) expected = Step::split_find;
    if (status == 413) expected = Step::split_size;
    EXPECT_EQ(step_after(status), expected) << status;
  }
}

TEST(RetryAfter, ReadsSeconds) {
  EXPECT_EQ(retry_after("7", std::nullopt), Duration(seconds(7)));
  EXPECT_EQ(retry_after("3600", std::nullopt), Duration(hours(1)));
  EXPECT_EQ(retry_after("3601", std::nullopt), Duration(hours(1)));
  EXPECT_EQ(retry_after("99999999999999999999999", std::nullopt), Duration(hours(1)));
  EXPECT_EQ(retry_after("9223372036854775807", std::nullopt), Duration(hours(1)));
}

TEST(RetryAfter, IgnoresWhatIsNoWishToWait) {
  for (const char* value : {"", "0", "-5", "1.5", "soon", "7 s", " 7", "+7"})
    EXPECT_EQ(retry_after(value, Timestamp(seconds(1'000'000))), std::nullopt) << value;
}

// RFC 9110 section 5.6.7 has these three ways to write 784111777 s.
TEST(RetryAfter, ReadsDates) {
  const Timestamp date{seconds(784'111'777)};
  for (const char* value :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(retry_after(value, date - seconds(90)), Duration(seconds(90))) << value;
    EXPECT_EQ(retry_after(value, date - hours(5)), Duration(hours(1))) << value;
    EXPECT_EQ(retry_after(value, date), std::nullopt) << value;
    EXPECT_EQ(retry_after(value, date + hours(5)), std::nullopt) << value;
    EXPECT_EQ(retry_after(value, std::nullopt), std::nullopt) << "a clock that is not set: " << value;
  }
}

TEST(OneLine, EscapesWhatWouldBreakIt) {
  EXPECT_EQ(one_line("plain ü € 😀", 100), "plain ü € 😀");
  EXPECT_EQ(one_line(std::string_view("a\nb\r\tc\0d\x1b[31m", 13), 100), "a\\nb\\r\\tc\\x00d\\x1b[31m");
  EXPECT_EQ(one_line("\x7f", 100), "\\x7f");
  EXPECT_EQ(one_line("\xff\xc3(\xc2\x85", 100), "\\xff\\xc3(\\xc2\\x85");
}

TEST(OneLine, IsCutBetweenCharacters) {
  EXPECT_EQ(one_line("abcdef", 3), "abc");
  EXPECT_EQ(one_line("ab€", 4), "ab");
  EXPECT_EQ(one_line("ab\n", 3), "ab");
  EXPECT_LE(one_line(std::string(100'000, '\x01'), 300).size(), 300U);
}

TEST(Describe, SaysStatusAdviceAndBody) {
  EXPECT_EQ(describe({422, "bad unit\n", "", ""}), "422: bad unit\\n");
  EXPECT_EQ(describe({503, "", "", ""}), "503");
  EXPECT_EQ(describe({401, "no", "", ""}), "401 (is the token or key right?): no");
}

TEST(Describe, NamesWhereARedirectLeadsWithoutItsQuery) {
  const std::string text = describe({302, "moved", "", "https://example.org/new?token=secret"});
  EXPECT_NE(text.find("not followed"), std::string::npos);
  EXPECT_NE(text.find("https://example.org/new"), std::string::npos);
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_EQ(describe({302, "", "", "https://user:secret@example.org/"}).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace sluice::webhook
