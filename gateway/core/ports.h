#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "gateway/core/message.h"
#include "gateway/core/record.h"
#include "gateway/core/result.h"
#include "gateway/core/verdict.h"

namespace sluice {

/// What an UplinkSource hands its messages to.
class Acceptor {
 public:
  virtual ~Acceptor() = default;

  /// Returns only when all of them are safe (durable as the configuration says), or with an error when none of them is:
  /// then nothing may be acknowledged, and the source lets the broker deliver them again. Blocks for one commit.
  virtual Result<> accept(std::span<const Message> messages) = 0;

  /// Whether accept could succeed now. Asked with back-off before a source connects (again) after accept failed: a full
  /// buffer under `hold`, a full disk and a store error are one state.
  virtual Result<> ready() = 0;

  /// The broker did not know the session any more: what it had kept for the gateway is lost. Told once per connection.
  virtual void session_lost() = 0;
};

/// Where messages come from. `run` is called once, in a thread of its own, and returns soon after a stop is requested:
/// it connects, reconnects and reads by itself. Its error is one that trying again cannot mend.
class UplinkSource {
 public:
  virtual ~UplinkSource() = default;
  virtual Result<> run(Acceptor& acceptor, std::stop_token stop) = 0;
};

/// How a cloud's standing connection is, for people. `why` is one line without secrets; empty when up.
struct Link {
  enum class Health {
    up,
    down,    ///< tried again by itself, soon
    paused,  ///< until someone mends it; tried seldom
  };
  Health health = Health::up;
  std::string why;
};

/// A cloud. `deliver` is called by one thread, with the oldest waiting records, in order; it connects when it must,
/// blocks until each record has a verdict or a stop is requested, and answers verdicts[i] for records[i]. Missing
/// verdicts count as deferred. After a deferred record, later records of the same call must not be accepted (order).
class UplinkSink {
 public:
  virtual ~UplinkSink() = default;
  virtual std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token stop) = 0;

  /// Keeps a standing connection, for connectors that have one: connects, reconnects with back-off, stays alive between
  /// deliveries. Called once, in a thread of its own, and returns soon after a stop is requested. While it is not
  /// connected, deliver waits.
  virtual void keep(std::stop_token) {}
  /// How that connection stands; nothing for connectors that connect only to deliver. Any thread.
  virtual std::optional<Link> link() const { return std::nullopt; }
};

}  // namespace sluice
