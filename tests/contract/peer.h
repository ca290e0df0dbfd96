#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/stage/certificates.h"
#include "tests/stage/temp_folder.h"

struct ssl_ctx_st;

namespace sluice::contract {

/// What a peer does with a record. Of several in one message the worst counts, which is the later one here.
enum class Act {
  accept,
  late,     ///< accept, after a while
  reject,   ///< it will never take this one
  defer,    ///< not now
  pause,    ///< not until somebody mends something: what it says to a wrong login
  silence,  ///< no answer
  garble,   ///< an answer that is none, and then the connection ends
  cut,      ///< the connection ends without an answer
};

/// A record that has reached the peer.
struct Arrival {
  std::string id;
  std::shared_ptr<const std::string> text;  ///< of the message that held it
  int connection = 0;                       ///< counted from 1
  Act act = Act::accept;

  bool taken() const { return act == Act::accept || act == Act::late; }
};

class Peer;

/// How a peer speaks, on one connection: pure text in and out. This is what a new connector writes.
class Tongue {
 public:
  virtual ~Tongue() = default;

  /// Bytes of the first message of the stream; nothing while that cannot be told.
  virtual std::optional<std::size_t> size(std::string_view bytes) const = 0;
  /// The ids of the records that a message holds, in order; none if it is another message.
  virtual std::vector<std::string> ids(std::string_view message) const = 0;
  /// What is said to it: with what has been planned for its records, or accept, or pause.
  virtual std::string answer(std::string_view message, Act act) = 0;
  /// What is said of its own accord: the commands that wait.
  virtual std::string unasked(Peer&) { return {}; }
};
using MakeTongue = std::function<std::unique_ptr<Tongue>(Peer&)>;

/// How a peer takes connections.
enum class Door {
  open,
  deaf,   ///< takes them, and does not even shake hands
  mute,   ///< shakes hands, reads everything, and answers nothing
  stuck,  ///< reads nothing more once the first delivery has begun
  torn,   ///< ends the connection once half of the first delivery is there
  full,   ///< nobody takes them, and connecting hangs
};

/// The far end of a cloud connector, under the test's control: a TLS server on 127.0.0.1 that obeys its plan. All
/// methods may be called at any time.
class Peer {
 public:
  explicit Peer(MakeTongue tongue);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  int port() const { return port_; }
  std::filesystem::path ca_file() const { return authority_.ca_file(); }

  /// What it does with every record from now on, and with that one so many times.
  void does(Act act);
  void does(const std::string& id, Act act, int times = 1);
  void garbles_with(std::string text);
  /// Whether it takes the login it is shown.
  void refuses_login(bool refused);

  /// For connections from now on; those that stand end.
  void stands(Door door);
  void shows(const stage::Certificate& certificate);
  stage::Authority& authority() { return authority_; }
  const stage::Certificate& certificate() const { return certificate_; }
  /// Nobody listens, and what was connected is not; and the same port again.
  void goes_away();
  void comes_back();
  void ends_connections();

  std::vector<Arrival> arrivals() const;  ///< in the order of their connections
  int connections() const { return connections_; }
  int deliveries_begun() const { return begun_; }

  /// A command for the connector; handed on until it is acknowledged.
  void offers(std::string command);
  std::optional<std::string> offered() const;
  void was_acknowledged() { ++acknowledged_; }
  int acknowledged() const { return acknowledged_; }
  /// Whether it says where it wants to hear of a command's end, if it can.
  void wants_outcomes() { wants_outcomes_ = true; }
  bool outcomes_wanted() const { return wants_outcomes_; }
  /// How a command ended, as the connector told it.
  void hears(std::string outcome);
  std::vector<std::string> outcomes() const;

 private:
  class Line;
  struct Talk {
    std::jthread thread;
    std::atomic<bool> over{false};
  };

  void take_connections(const std::stop_token& stop);
  void serve(int socket, int number, const std::stop_token& stop);
  void converse(Line& line, Tongue& tongue, int number, Door door);
  bool reply(Line& line, Tongue& tongue, std::string_view message, int number);
  Act note(const std::vector<std::string>& ids, std::string_view message, int number);
  void fill_the_queue();

  const MakeTongue tongue_;
  stage::TempFolder folder_;
  stage::Authority authority_{folder_.path()};
  stage::Certificate certificate_ = authority_.server({"127.0.0.1"});
  int listener_ = -1, port_ = 0;
  std::vector<int> queue_;  ///< connections that fill it
  std::atomic<int> connections_{0}, begun_{0}, acknowledged_{0};
  std::atomic<bool> wants_outcomes_{false};

  mutable std::mutex mutex_;  ///< guards what follows
  std::shared_ptr<ssl_ctx_st> context_;
  Door door_ = Door::open;
  Act usual_ = Act::accept;
  std::map<std::string, std::pair<Act, int>> planned_;
  std::string garbage_;
  std::optional<std::string> offered_;
  std::vector<std::string> outcomes_;
  bool login_refused_ = false;
  std::vector<Arrival> arrivals_;
  std::list<Talk> talks_;
  std::jthread taker_;
};

}  // namespace sluice::contract
