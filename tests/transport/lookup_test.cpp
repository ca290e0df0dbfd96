#include "connectors/transport/lookup.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace sluice::transport {
namespace {

using std::chrono::steady_clock;

Patience for_now(Duration time, std::stop_token stop = {}) {
  return {steady_clock::now() + time, std::move(stop)};
}

/// A name server that answers when told to.
struct SlowNames {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  int asked = 0;

  Lookup::Found ask() {
    std::unique_lock lock(mutex);
    ++asked;
    changed.wait(lock, [this] { return open; });
    return std::vector<Address>(1);
  }
  void answer() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

TEST(Lookup, FindsNumbersAndLocalhost) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Lookup lookup(host, 8420);
    const Lookup::Found found = lookup.find(for_now(std::chrono::seconds(20)));
    ASSERT_TRUE(std::holds_alternative<std::vector<Address>>(found)) << host;
    const Address& first = std::get<std::vector<Address>>(found).front();
    EXPECT_GT(first.size, 0U);
    if (first.bytes.ss_family == AF_INET) {
      EXPECT_EQ(ntohs(reinterpret_cast<const sockaddr_in*>(&first.bytes)->sin_port), 8420);
    }
  }
}

TEST(Lookup, SaysWhichNameIsUnknown) {
  Lookup lookup("name.invalid", 443);  // RFC 6761: never exists
  const Lookup::Found found = lookup.find(for_now(std::chrono::seconds(20)));
  ASSERT_TRUE(std::holds_alternative<Failure>(found));
  EXPECT_EQ(std::get<Failure>(found).kind, Failure::Kind::network);
  EXPECT_NE(std::get<Failure>(found).text.find("name.invalid"), std::string::npos);
}

TEST(Lookup, IsLeftWhenPatienceEndsAndAskedNoSecondTimeMeanwhile) {
  const auto names = std::make_shared<SlowNames>();
  Lookup lookup("host", 1, [names](const std::string&, int) { return names->ask(); });
  EXPECT_TRUE(std::holds_alternative<Failure>(lookup.find(for_now(Duration(20)))));
  EXPECT_TRUE(std::holds_alternative<Failure>(lookup.find(for_now(Duration(20)))));
  names->answer();
  EXPECT_TRUE(std::holds_alternative<std::vector<Address>>(lookup.find(for_now(std::chrono::seconds(20)))));
  const std::lock_guard lock(names->mutex);
  EXPECT_EQ(names->asked, 1);
}

/// While it lives no thread can be made: none gets so large a stack.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&usual_);
    pthread_attr_t absurd;
    pthread_attr_init(&absurd);
    pthread_attr_setstacksize(&absurd, std::size_t{1} << 46);
    pthread_setattr_default_np(&absurd);
    pthread_attr_destroy(&absurd);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&usual_);
    pthread_attr_destroy(&usual_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t usual_;
};

TEST(Lookup, WorksAgainAfterNoThreadCouldBeMade) {
  Lookup lookup("127.0.0.1", 8420);
  {
    const NoThreads here;
    EXPECT_THROW(lookup.find(for_now(std::chrono::seconds(1))), std::system_error);
  }
  EXPECT_TRUE(std::holds_alternative<std::vector<Address>>(lookup.find(for_now(std::chrono::seconds(5)))));
}

TEST(Lookup, IsLeftAtAStop) {
  const auto names = std::make_shared<SlowNames>();
  Lookup lookup("host", 1, [names](const std::string&, int) { return names->ask(); });
  std::stop_source source;
  std::thread stopper([&] { source.request_stop(); });
  const Lookup::Found found = lookup.find(for_now(std::chrono::hours(1), source.get_token()));
  stopper.join();
  ASSERT_TRUE(std::holds_alternative<Failure>(found));
  EXPECT_EQ(std::get<Failure>(found).kind, Failure::Kind::stopped);
  names->answer();
}

TEST(Lookup, MayBeGoneBeforeItsAnswerComes) {
  const auto names = std::make_shared<SlowNames>();
  {
    Lookup lookup("host", 1, [names](const std::string&, int) { return names->ask(); });
    EXPECT_TRUE(std::holds_alternative<Failure>(lookup.find(for_now(Duration(20)))));
  }
  names->answer();
}

}  // namespace
}  // namespace sluice::transport
