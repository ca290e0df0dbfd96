#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/flow/road_down.h"
#include "tests/simulation/broker.h"
#include "tests/simulation/history.h"
#include "tests/simulation/house.h"
#include "tests/simulation/model.h"
#include "tests/simulation/mortal_clock.h"

namespace sluice::simulation {

/// What was counted in a history.
struct Figures {
  std::uint64_t kills = 0, full_disks = 0, fallen_brokers = 0, lost_sessions = 0, reloads = 0;
  std::uint64_t taken = 0, redelivered = 0, repeated = 0, dropped = 0, replayed = 0, commands = 0;
  std::uint64_t undecidable = 0;  ///< messages that nothing on the wire told from a redelivery, and were taken for one
  Figures& operator+=(const Figures& other);
};

/// Everything round the gateway, and time, from one seed: broker, devices, clouds, commanders, disk, clocks. After each
/// move the promises P1 to P7 are checked against what the world knows; the first that is broken ends the history.
class World {
 public:
  explicit World(unsigned seed);

  /// So many moves; then it is left in peace, and everything must drain.
  void play(int moves);
  const History& history() const { return history_; }
  const Figures& figures() const { return figures_; }

 private:
  // What the gateway is to make of one message that it is handed, or reads again.
  struct Expected {
    Broker::Sending sending;
    normalize::Fate::Kind fate = normalize::Fate::Kind::ignored;
    std::vector<Record> records{};
    bool may_be_known = false;      ///< it was taken before
    bool must_be_known = false;     ///< and nothing stands in the way of seeing that
    bool may_be_set_aside = false;  ///< unread, after three unclean ends
  };
  // A call of the gateway that was under way when it was killed.
  struct Call {
    std::vector<Expected> messages{};
    bool replay = false;
    std::string command{}, asked_at{};  ///< its id, and where it was asked for
  };

  void move();
  void promise(bool holds, std::string_view which, const std::string& what) { history_.promise(holds, which, what); }
  bool broken() const { return !history_.broken().empty(); }
  bool excused() const { return killed_.has_value() || full_ != nullptr; }

  // world.cpp: what is true after each move.
  void check(const store::Snapshot& before);
  void check_cloud(const store::CloudCounts& before, const store::CloudCounts& now);
  void check_bounds(const store::Snapshot& before, const store::Snapshot& now);
  std::vector<Record> audit();
  void note_outcome(const Record& record);
  std::int64_t cursor_of(const std::string& cloud);
  bool wants(const std::string& cloud, std::int64_t place) const;
  const store::CloudCounts* counts_of(const store::Snapshot& shown, const std::string& cloud) const;

  // up.cpp: messages come in, records go out.
  void publish();
  void publish(std::string topic, std::string payload, bool retained);
  std::string payload_for(const std::string& topic);
  void connect();
  void hand_over();
  Expected expected_of(const Broker::Sending& sending, const Message& message);
  Message message_of(const Broker::Sending& sending, int place);
  void match(const std::vector<Expected>& expected, const std::vector<Record>& stored,
             const store::MessageCounts& before);
  static bool takes(const Expected& expected, const std::vector<Record>& stored, std::size_t& next);
  void note_taken(const std::vector<Expected>& messages);
  void acknowledge(std::size_t count);
  void deliver(const std::string& cloud);
  std::vector<Verdict> judge(const std::string& cloud, std::span<const Record> records);
  std::vector<Verdict> verdicts_for(const std::string& cloud, std::size_t count);
  void check_sending(const std::string& cloud, std::span<const Record> records);

  // replay.cpp: what is in quarantine comes back.
  using Refused = std::map<std::int64_t, std::pair<std::string, RecordId>>;  ///< by which cloud
  void replay();
  void foresee(std::int64_t id, Call& call, Refused& refused);
  std::uint64_t match_replay(const std::vector<Expected>& expected, const store::MessageCounts& before);
  bool note_replayed(const flow::Replayed& replayed, const Refused& refused);

  // down.cpp: commands, and the devices.
  void give();
  void give_new();
  void give_again();
  void hand_in(const std::string& id, const CommandMessage& message, const std::string& origin);
  CommandSink::Sent leaves(const CommandPublish& publish);
  void may_leave(const std::string& id, const Given& given, const CommandPublish& publish);
  void device_speaks();
  void hear(const std::string& device, const std::string& message, const std::string& payload, bool retained);
  Verdict told(const std::string& cloud, const std::string& reply_to, const CommandAnswer& answer);
  void check_commands();

  // lives.cpp: ends, beginnings, and what happens to the machine.
  void open();
  void die(const char* when);
  void live_on();
  void begin_again();
  void recall(const store::MessageCounts& known);
  void recall_command();
  void machine_moves();
  void clock_moves();
  void cloud_moves();
  void broker_moves();
  void reload();
  store::Limits some_limits();
  void keep_clouds();
  void note_clouds();
  void settle_down();
  bool at_rest();

  History history_;
  stage::FakeClock time_;
  MortalClock clock_{time_};
  stage::TempFolder folder_;
  Broker broker_;
  Clouds clouds_;
  flow::ScriptedSink sink_;
  Config config_;
  House house_{config_, clock_, history_, sink_, clouds_};
  std::unique_ptr<normalize::Normalizer> reader_;
  Model model_;
  Figures figures_;

  std::filesystem::path data_dir_;
  std::optional<std::filesystem::path> killed_;  ///< since then nothing has happened but in a process that is no more
  std::unique_ptr<flow::FullDisk> full_;
  std::optional<Call> call_;
  std::vector<std::shared_ptr<Publish>> published_;
  store::MessageCounts known_;  ///< as of the last move
  std::set<std::string> away_;  ///< clouds that take nothing for a while
  const int kill_chances_;
  bool wary_ = false, quiet_ = false, session_untold_ = false;
  int lives_ = 0, set_back_ = 0, number_ = 0, commands_ = 0;
  std::int64_t quarantine_bytes_ = 0;                  ///< as of the last check, with what is sent again
  std::uint64_t accepted_now_ = 0, rejected_now_ = 0;  ///< by the cloud that is stepped, of what it was sent again
  std::string stepped_;                                ///< the cloud whose move it is
};

}  // namespace sluice::simulation
