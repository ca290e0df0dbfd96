#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/flow/devices.h"
#include "gateway/flow/loop_guard.h"
#include "gateway/flow/notice.h"
#include "gateway/flow/redelivery.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/store/store.h"

namespace sluice::flow {

/// The way in: a device's messages become records or quarantine, each exactly one of understood, ignored, quarantined
/// and redelivered, and all of a batch are durable in one commit before accept returns.
///
/// A message that is delivered again after three unclean ends in a row is set aside unparsed: it may be the one that
/// kills the process (P5). accept, ready and session_lost belong to the source's thread; the rest to any.
class Ingest final : public Acceptor {
 public:
  struct Options {
    std::string gateway_id;
    bool ignore_retained = false;
    bool keep_payloads = false;             ///< a cloud wants the devices' own payloads
    std::vector<std::string> own_topics{};  ///< see LoopGuard
  };

  Ingest(Options options, std::unique_ptr<normalize::Normalizer> normalizer, store::Store& store, Devices& devices,
         RecordIds& ids, const Clock& clock, Log& log);

  Result<> accept(std::span<const Message> messages) override;
  Result<> ready() override;
  Result<> session_lost() override;

  /// Messages of the next accept, and of all that follow, are taken in by these. The gateway's id stays.
  void change(Options options, std::unique_ptr<normalize::Normalizer> normalizer);

  std::uint64_t sessions_lost() const { return sessions_lost_; }

  /// Whether the source may connect: false while the store could not take messages.
  bool accepting() const { return accepting_; }

 private:
  /// How messages are taken in.
  struct Way {
    Way(Options chosen, std::unique_ptr<normalize::Normalizer> reader)
        : options(std::move(chosen)), normalizer(std::move(reader)), loop_guard(options.own_topics) {}
    const Options options;
    const std::unique_ptr<normalize::Normalizer> normalizer;
    const LoopGuard loop_guard;
  };

  void take_change();
  void take(const Message& message);
  void set_aside(const Message& message, std::string schema, std::string field, std::string reason);
  void recall();

  std::unique_ptr<const Way> way_;
  store::Store& store_;
  Devices& devices_;
  RecordIds& ids_;
  const Clock& clock_;
  Log& log_;

  Redelivery redelivery_;
  store::Batch batch_;                ///< of the accept that runs; kept for its memory
  std::vector<store::Receipt> owed_;  ///< of messages that needed no commit; they ride on the next one
  bool forget_receipts_ = false;      ///< with the next commit
  bool wary_ = false;                 ///< set redelivered messages aside unparsed
  std::atomic<bool> accepting_{true};
  std::atomic<std::uint64_t> sessions_lost_{0};

  std::atomic<bool> changed_{false};  ///< all that a batch pays for changes
  std::mutex change_mutex_;           ///< guards what follows
  std::unique_ptr<const Way> next_way_;
};

}  // namespace sluice::flow
