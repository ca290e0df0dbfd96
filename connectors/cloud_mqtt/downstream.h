#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/cloud_mqtt/downlink.h"
#include "connectors/cloud_mqtt/handover.h"
#include "connectors/cloud_mqtt/link_status.h"
#include "connectors/cloud_mqtt/mqtt_sink.h"
#include "connectors/cloud_mqtt/telling.h"
#include "connectors/cloud_mqtt/uplink_connection.h"
#include "connectors/mqtt/back_off.h"

namespace sluice::cloud_mqtt {

/// What a Keeper does for commands: subscribes, hands on what arrives, publishes answers and waits for their
/// acknowledgements. Without a downlink it does nothing. Of the keeping thread, but for open() and tellings().
class Downstream {
 public:
  Downstream(const Options& options, const Clock& clock, Log& log, LinkStatus& status,
             const std::shared_ptr<mqtt::Wake>& wake);

  bool wanted() const { return downlink_ != nullptr; }
  void open(CommandAcceptor& acceptor) { acceptor_ = &acceptor; }
  Handover<Telling>& tellings() { return tellings_; }

  /// A connection begins, and takes no command before this. It must not outlive the Downstream.
  void begin(UplinkConnection& connection);
  /// The server has taken CONNECT: subscribes.
  void greeted(UplinkConnection& connection);
  /// After each of the connection's turns, once it is greeted: subscribes again, publishes what is due.
  void step(UplinkConnection& connection);
  /// There is no connection: answers do not wait for one.
  void rest();
  /// Nothing is served yet: answers wait, not for ever.
  void wait() { expire(); }
  /// The connection has ended. `alive_at`: when the server was last known to be there; `cut`: not by our own will.
  void ended(Instant alive_at, bool cut);

  enum class Whose {
    uplinks,
    confirmed,  ///< of one of its own publishes, by the server
    written,    ///< of one at QoS 0, which proves nothing
  };
  Whose take(const UplinkConnection::Acknowledgement& said);

  /// Its own publishes that the server has not acknowledged, of those it will.
  std::size_t in_flight() const;
  /// An answer is on its way.
  bool telling();
  /// Somebody waits for an answer on this very connection.
  bool busy() const { return wanted() && downlink_->busy(); }
  /// The connection was given up because a command could not be stored.
  bool gave_up() const { return not_stored_; }
  /// Then: how long to rest; nothing if it was not.
  std::optional<Duration> rest_for_store();

 private:
  struct Subscribing {
    Subscription wanted;
    int packet_id = 0;
    std::optional<int> granted{};  ///< 128 and above: refused
  };
  struct Sent {
    int packet_id = 0;
    int qos = 0;
  };

  void subscribe(UplinkConnection& connection);
  void read_grants(UplinkConnection& connection);
  void hear(UplinkConnection& connection, Arrival& arrival);
  void hand_on(UplinkConnection& connection, const CommandMessage& message);
  Duration age() const;
  bool in_old_queue() const;

  Result<int> publish(UplinkConnection& connection, const Outgoing& outgoing);
  void publish_all(UplinkConnection& connection, const std::vector<Outgoing>& all);
  void tell(UplinkConnection& connection);
  bool suspect(const Telling& telling);
  void end_telling(Verdict verdict);
  void expire();

  const Options& options_;
  const Clock& clock_;
  Log& log_;
  LinkStatus& status_;
  const std::unique_ptr<Downlink> downlink_;
  CommandAcceptor* acceptor_ = nullptr;
  Handover<Telling> tellings_;

  // Of the connection at hand.
  std::optional<Instant> greeted_at_;
  bool resumed_ = false;
  std::vector<Subscribing> subscriptions_;
  Instant subscribed_at_{};               ///< when it was last asked for
  std::optional<Instant> last_heard_at_;  ///< a command that came out of a queue
  std::optional<Instant> settled_at_;     ///< when every SUBSCRIBE had been answered
  bool granted_ = false;                  ///< and granted
  std::vector<Outgoing> refusals_;
  std::vector<Sent> sent_;
  bool not_stored_ = false;

  /// Since when commands may lie at the server; nothing: nobody knows.
  std::optional<Instant> away_since_;
  mqtt::BackOff store_back_off_{std::chrono::seconds(10)};
  std::string suspect_;  ///< the reply_to with which the connection was cut
  int suspicions_ = 0;
};

}  // namespace sluice::cloud_mqtt
