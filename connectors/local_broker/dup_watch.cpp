#include "connectors/local_broker/dup_watch.h"

#include <utility>

namespace sluice::local_broker {

DupWatch::DupWatch(std::string_view client_id)
    : before_flag_("Client " + std::string(client_id) + " received PUBLISH (d") {}

void DupWatch::read_line(std::string_view line) {
  if (line.starts_with(before_flag_)) dup_ = line.substr(before_flag_.size()).starts_with("1,");
}

bool DupWatch::take(int qos) {
  const bool dup = std::exchange(dup_, false);
  if (qos == 0 || left_ == 0) return false;
  --left_;
  return dup;
}

}  // namespace sluice::local_broker
