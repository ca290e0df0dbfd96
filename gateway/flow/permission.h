#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/commands.h"

namespace sluice::flow {

/// One entry of `commands.allow`. In a pattern `*` is any text, `/` too.
struct Allow {
  std::vector<std::string> from;      ///< clouds' names, "api"
  std::string device;                 ///< a pattern
  std::vector<std::string> commands;  ///< names, or "*"
  std::vector<std::string> topics;    ///< MQTT filters; empty: whatever the schema says

  bool operator==(const Allow&) const = default;
};

/// Who may command whom to do what: nothing that is not listed. Immutable; any thread.
class Permission {
 public:
  explicit Permission(std::vector<Allow> entries) : entries_(std::move(entries)) {}

  /// Whether anything listed covers this, before the command's topic is known.
  bool may(std::string_view origin, std::string_view device, std::string_view command) const;
  /// The same with the command as its schema makes it: where that wants to be named, a `*` does not name it; where its
  /// topic is anybody's choice, the entry must cover the topic.
  bool may(std::string_view origin, std::string_view device, std::string_view command,
           const normalize::PreparedCommand& prepared) const;

  /// Whether an entry names the device itself: then it is known, even if it was never heard (a group).
  bool names(std::string_view device) const;
  /// Whether any source may send this command to some device of the family.
  bool reaches(std::string_view family, std::string_view command) const;

 private:
  std::vector<Allow> entries_;
};

}  // namespace sluice::flow
