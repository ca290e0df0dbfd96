#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/core/result.h"
#include "gateway/store/books.h"
#include "gateway/store/database.h"
#include "gateway/store/kept_command.h"

namespace sluice::store {

struct Batch;

/// Tables `commands`, `answers` and `settings`: every command with its outcome, who has to be told, and what was set
/// last. Belongs to the writing connection, whose transaction it writes in.
class Inbox {
 public:
  static constexpr std::int64_t commands_max = 100'000;  ///< ended ones beyond are forgotten
  /// The same for those that were refused, by themselves: nobody's refused commands make the others forgotten.
  static constexpr std::int64_t refused_max = 10'000;
  static constexpr std::int64_t answers_max = 10'000;  ///< older ones are never told

  static Result<Inbox> prepare(const Database& database);

  /// New commands, changes, answers owed and told.
  Result<> put(const Batch& batch, CommandCounts& counts);

  Result<std::optional<KeptCommand>> find(std::string_view id);
  /// Those that have not ended, in order.
  Result<std::vector<KeptCommand>> open();
  /// The newest first.
  Result<std::vector<KeptCommand>> latest(std::size_t count);
  /// What can be told to this cloud now, oldest first.
  Result<std::vector<OwedAnswer>> owed(std::string_view cloud, std::size_t count);
  Result<std::vector<KeptSetting>> settings();
  struct Numbers {
    std::int64_t command = 0, answer = 0;  ///< the last ones given
  };
  Result<Numbers> numbers();

  /// Whether the oldest ended command was accepted before `oldest`. One that is not dated is never too old.
  Result<bool> has_older(Timestamp oldest);
  Result<> drop_older(Timestamp oldest, int count_max);
  /// Nobody is to be told for this cloud any more.
  Result<> forget(std::string_view cloud);

 private:
  Result<> put_command(const KeptCommand& kept);
  Result<> put_change(const CommandChange& change);
  Result<> put_answer(const OwedAnswer& answer);
  Result<> put_setting(const KeptSetting& setting);

  Result<> trim();

  Statement put_, change_, owe_, told_, find_, open_, latest_, owed_, numbers_, oldest_, drop_, trim_, trim_refused_,
      trim_answers_, forget_, set_, settings_, forget_settings_;
};

}  // namespace sluice::store
