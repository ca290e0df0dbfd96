#include "gateway/flow/rulebook.h"

#include <utility>

#include "gateway/core/topic_filter.h"
#include "gateway/normalize/schema.h"

namespace sluice::flow {

namespace {

std::vector<std::string> filters_of(const Permission& permission, const normalize::Commands& commands) {
  std::vector<std::string> all;
  for (const std::string& family : commands.families()) {
    bool any = false;
    for (const normalize::CommandSchema& command : commands.of_family(family)) {
      if (!permission.reaches(family, command.name)) continue;
      any = true;
      for (std::string& filter : commands.reply_filters(family, command.name)) all.push_back(std::move(filter));
    }
    if (!any) continue;
    for (std::string& filter : commands.presence_filters(family)) all.push_back(std::move(filter));
  }
  return disjoint(std::move(all));
}

std::vector<std::string> presence_filters_of(const normalize::Commands& commands) {
  std::vector<std::string> all;
  for (const std::string& family : commands.families())
    for (std::string& filter : commands.presence_filters(family)) all.push_back(std::move(filter));
  return all;
}

}  // namespace

Rulebook::Rulebook(Options options, Permission permission, std::shared_ptr<const normalize::Library> library,
                   const Devices& devices, const Clock& clock)
    : groups(std::move(options.groups)),
      commands(library),
      filters(filters_of(permission, commands)),
      presence_filters(presence_filters_of(commands)),
      intake(options.expire_after, groups, std::move(permission), commands, devices, clock),
      replies(std::move(library), {normalize::Unmatched::ignore, std::move(options.timezone)}) {}

}  // namespace sluice::flow
