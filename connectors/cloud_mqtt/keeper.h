#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "connectors/cloud_mqtt/downstream.h"
#include "connectors/cloud_mqtt/handover.h"
#include "connectors/cloud_mqtt/job.h"
#include "connectors/cloud_mqtt/link_status.h"
#include "connectors/cloud_mqtt/mqtt_sink.h"
#include "connectors/cloud_mqtt/packing.h"
#include "connectors/cloud_mqtt/retry.h"
#include "connectors/cloud_mqtt/uplink_connection.h"
#include "connectors/mqtt/dial.h"

namespace sluice::cloud_mqtt {

/// Keeps the connection to one cloud, and publishes the Job at hand over it; commands are its Downstream's. Everything
/// of run() happens in one thread; only a name lookup and connect(2) have one of their own (mqtt::Dial), since nothing
/// can end them.
class Keeper {
 public:
  Keeper(const Options& options, const Clock& clock, Log& log);

  void run(const std::stop_token& stop);
  void open(CommandAcceptor& acceptor) { downstream_.open(acceptor); }
  Handover<Job>& jobs() { return jobs_; }
  Handover<Telling>& tellings() { return downstream_.tellings(); }
  Link link() const { return status_.link(); }

 private:
  enum class End { stopped, renewed, lost };

  /// From the name lookup to the connection's end. How long to rest after it.
  Duration attempt(const std::stop_token& stop);
  std::optional<mqtt::Dial::Outcome> dial(const Login& login, const mqtt::Tls& tls, const std::stop_token& stop);
  End serve(UplinkConnection& connection, const Login& login, const std::stop_token& stop);
  mqtt::Properties connect_properties() const;
  bool renewal_due(const Login& login);
  /// How long nothing needs to be done, if nothing comes.
  Duration idle(const Login& login) const;
  Duration rest_after(const UplinkConnection& connection);

  bool greet(UplinkConnection& connection);
  void feed(UplinkConnection& connection, Job& job);
  bool publish_next(UplinkConnection& connection, Job& job);
  void settle(UplinkConnection& connection, Job* job);
  /// The job, or null once it has been given back.
  Job* release_if_done(Job* job);
  void look_after(UplinkConnection& connection, const Job* job);

  std::size_t window() const;
  /// Of topic and payload; the whole packet's bound is the connection's.
  std::size_t bytes_max() const;
  std::size_t pack(const UplinkConnection& connection, std::span<const Record> waiting);
  Duration pause(std::string why);
  Duration down(std::string why);
  void suspect(const UplinkConnection& connection, Job& job);
  void wait(UplinkConnection* connection, Duration most);
  void rest(Duration time, const std::stop_token& stop);

  const Options& options_;
  const Clock& clock_;
  Log& log_;
  const std::string place_;  ///< "mqtts://host:8883"
  std::shared_ptr<mqtt::Wake> wake_ = std::make_shared<mqtt::Wake>();
  Handover<Job> jobs_{wake_};
  LinkStatus status_;
  Downstream downstream_;
  Retry retry_;
  Packing packing_;

  // Of the connection at hand.
  ServerLimits limits_;
  Instant began_{};
  Instant heard_at_{};  ///< when anything last came over it
  std::optional<Instant> greeted_at_;
  std::optional<Instant> renewing_since_;
  bool acknowledged_ = false;  ///< anything
  bool stalled_ = false;       ///< told that nothing is acknowledged
  bool lasting_ = false;       ///< refused for something that a person has to mend
  std::string advice_;         ///< what to change, beside the broker's own words

  int cuts_ = 0;  ///< connections in a row that were greeted and cut soon after
  // What was too large for a server that said so only afterwards: of one record, and of a pack.
  std::size_t bytes_learnt_ = SIZE_MAX;
  std::size_t pack_learnt_ = SIZE_MAX;
  std::size_t singles_ = 0;  ///< so many records at the front of the Job go alone
  RecordId suspect_{};       ///< sent alone when the connection was cut
  int suspicions_ = 0;
};

}  // namespace sluice::cloud_mqtt
