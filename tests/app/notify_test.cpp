#include "gateway/app/notify.h"

#include <chrono>
#include <cstring>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

/// What systemd does for a service: listens where NOTIFY_SOCKET says.
class Listener {
 public:
  Listener()
      : path_(folder_ / "notify"),
        socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
        variable_("NOTIFY_SOCKET", path_.c_str()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    SLUICE_ASSERT(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// The next datagram; empty: none has come.
  std::string next() const {
    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, 0) != 1) return "";
    char text[4096];
    const ssize_t size = recv(socket_, text, sizeof text, 0);
    return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  const stage::TempFolder folder_;
  const std::filesystem::path path_;
  const int socket_;
  const Variable variable_;
};

TEST(Notify, tells_systemd_each_state) {
  const Listener systemd;
  const Notify notify;
  notify.ready();
  EXPECT_EQ(systemd.next(), "READY=1");
  notify.reloading();
  EXPECT_TRUE(systemd.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  notify.alive();
  EXPECT_EQ(systemd.next(), "WATCHDOG=1");
  notify.status("12 waiting");
  EXPECT_EQ(systemd.next(), "STATUS=12 waiting");
  notify.stopping();
  EXPECT_EQ(systemd.next(), "STOPPING=1");
}

TEST(Notify, status_from_outside_cannot_say_anything_else) {
  const Listener systemd;
  Notify().status("down\nWATCHDOG=1");
  EXPECT_EQ(systemd.next(), "STATUS=down WATCHDOG=1");
  EXPECT_EQ(systemd.next(), "");
}

TEST(Notify, watchdog_is_fed_twice_as_often_as_it_looks) {
  const Variable pid("WATCHDOG_PID", std::to_string(getpid()).c_str());
  const Variable interval("WATCHDOG_USEC", "60000000");
  EXPECT_EQ(Notify().watchdog_interval(), 30s);
}

TEST(Notify, watchdog_of_another_process_is_none) {
  const Variable pid("WATCHDOG_PID", std::to_string(getpid() + 1).c_str());
  const Variable interval("WATCHDOG_USEC", "60000000");
  EXPECT_EQ(Notify().watchdog_interval(), 0s);
}

TEST(Notify, without_systemd_nothing_happens) {
  unsetenv("NOTIFY_SOCKET");
  const Notify notify;
  notify.ready();
  notify.status("x");
  notify.alive();
  notify.stopping();
  EXPECT_EQ(notify.watchdog_interval(), 0s);
}

}  // namespace
}  // namespace sluice::app
