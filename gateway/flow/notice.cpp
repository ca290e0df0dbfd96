#include "gateway/flow/notice.h"

#include "gateway/core/json_object.h"
#include "gateway/core/unsynced.h"

namespace sluice::flow {

Record record_of(const Notice& notice, std::string_view gateway, const Clock& clock) {
  Record record;
  record.kind = RecordKind::notice;
  record.device = "sluice/" + std::string(gateway);
  record.schema = "sluice/notice";
  record.time = clock.wall_time();
  {
    JsonObject data(record.data);
    data.text("device", record.device);
    data.text("schema", record.schema);
    data.text("notice", notice.what);
    data.text("text", notice.text);
    if (!notice.cloud.empty()) data.text("cloud", notice.cloud);
    if (notice.records > 0) data.count("records", notice.records);
    data.time("at", record.time);
  }
  mark_if_unsynced(record, clock);
  return record;
}

}  // namespace sluice::flow
