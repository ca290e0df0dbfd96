#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "gateway/core/command.h"
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

  /// The broker did not know the session any more: what it had kept for the gateway is lost, and packet ids mean
  /// nothing any more. Told before anything is subscribed to. An error: that is not durable, nothing may be subscribed
  /// to, and it is told again at the next connection.
  virtual Result<> session_lost() = 0;
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

/// What a CommandSource hands to.
class CommandAcceptor {
 public:
  virtual ~CommandAcceptor() = default;

  /// Takes what `origin` (the cloud's name, or "api") brought. Returns when it is durable: then the source may
  /// acknowledge it. The answers say what has become of each command so far, in their order; where reply_to asks for
  /// it, each is told by CommandSource::answer once it has ended, refusals and repeats included. An error (kind
  /// storage) when nothing is durable: then nothing is executed either, and a source that can must not acknowledge, so
  /// that it comes again; one that cannot tells `rejected: storage`. Any thread; blocks for one commit.
  virtual Result<std::vector<CommandAnswer>> accept(const std::string& origin, const CommandMessage& message) = 0;
};

/// A cloud that brings commands down.
class CommandSource {
 public:
  virtual ~CommandSource() = default;

  /// Called once, before anything else; `acceptor` outlives the source's threads.
  virtual void open(CommandAcceptor& acceptor) = 0;

  /// For sources that have to ask: does so until a stop is requested. Called once, in a thread of its own, and returns
  /// soon after a stop; at once where there is nothing to ask.
  virtual void poll(std::stop_token) {}

  /// Tells the cloud about a command whose reply_to was given; called by one thread. Blocks until the cloud has it or a
  /// stop is requested. accepted: told, or nobody waits for it any more; deferred: later again; rejected: will never be
  /// taken.
  virtual Verdict answer(const std::string& reply_to, const CommandAnswer& answer, std::stop_token stop) = 0;
};

/// What a CommandSink hands on.
class CommandListener {
 public:
  virtual ~CommandListener() = default;
  /// What came on the topics of replies and of presence, live or (`retained`) as the broker kept it. Must not block
  /// long.
  virtual void heard(const Message& message) = 0;
  /// ready() may have changed.
  virtual void changed() = 0;
};

/// The way to the devices.
class CommandSink {
 public:
  virtual ~CommandSink() = default;

  /// Keeps the connection and hands on what is heard, until a stop is requested. Called once, in a thread of its own.
  virtual void run(CommandListener& listener, std::stop_token stop) = 0;

  /// Connected, and subscribed to everything it listens for. Any thread.
  virtual bool ready() const = 0;

  enum class Sent {
    acknowledged,  ///< the broker has it
    unknown,       ///< it may have left: never to be sent again
    not_sent,      ///< it certainly has not
  };
  /// One PUBLISH, which leaves this process at most once, whatever happens. Blocks for the broker's acknowledgement, at
  /// most some seconds. One thread.
  virtual Sent publish(const CommandPublish& publish, std::stop_token stop) = 0;
};

}  // namespace sluice
