#include "gateway/flow/refused.h"

#include <utility>

namespace sluice::flow {

store::Quarantined refused(const Record& record, const std::string& cloud, std::string reason) {
  store::Quarantined entry;
  entry.reason = std::move(reason);
  entry.schema = record.schema;
  entry.payload = record.data;
  entry.payload_size = record.data.size();
  entry.received_at = record.accepted().value_or(record.id.time());
  entry.cloud = cloud;
  entry.record = record;
  return entry;
}

}  // namespace sluice::flow
