#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/library.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/recorded.h"

namespace sluice::normalize {

/// How much of a recording its schemas understand. Each message counts once.
struct Coverage {
  std::size_t messages = 0;
  std::size_t understood = 0;    ///< readings, occurrences or presence, by the family that is asked about
  std::size_t by_another = 0;    ///< the same by another family
  std::size_t on_purpose = 0;    ///< a command's topic, or a schema that reads nothing, so that it says nothing
  std::size_t says_nothing = 0;  ///< a schema takes it, and nothing stands where it reads
  std::size_t unmatched = 0;     ///< no schema applies
  std::size_t quarantined = 0;
  std::map<std::string, std::size_t> reasons;  ///< of those that are not understood, how many there are of each

  /// Understood of all that are not ignored on purpose: 0 to 1; 1 where there are none.
  double share() const;
  void add(const Coverage& other);
};

/// Judges recorded messages by the schemas alone: what no schema applies to is unmatched, whatever the configuration
/// makes of such messages. One thread.
class CoverageCount {
 public:
  /// `family`: the one that is asked about; empty: any.
  CoverageCount(std::shared_ptr<const Library> library, std::string zone, std::string family);

  /// Counts a message. Why it does not count as understood, in one line; empty if it does, or is ignored on purpose.
  std::string add(const Recorded& recorded, Timestamp received_at);

  const Coverage& coverage() const { return coverage_; }

 private:
  std::string judge(const Message& message);
  std::string miss(std::size_t& bucket, std::string reason);

  std::string family_;
  Normalizer normalizer_;
  Coverage coverage_;
  std::vector<Record> records_;
};

}  // namespace sluice::normalize
