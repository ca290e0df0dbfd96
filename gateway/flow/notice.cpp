#include "gateway/flow/notice.h"

#include "gateway/core/json_object.h"

namespace sluice::flow {

Record record_of(const Notice& notice, std::string_view gateway, Timestamp at) {
  Record record;
  record.kind = RecordKind::notice;
  record.device = "sluice/" + std::string(gateway);
  record.schema = "sluice/notice";
  record.time = at;
  {
    JsonObject data(record.data);
    data.text("device", record.device);
    data.text("schema", record.schema);
    data.text("notice", notice.what);
    data.text("text", notice.text);
    if (!notice.cloud.empty()) data.text("cloud", notice.cloud);
    if (notice.records > 0) data.count("records", notice.records);
    data.time("at", at);
  }
  return record;
}

}  // namespace sluice::flow
