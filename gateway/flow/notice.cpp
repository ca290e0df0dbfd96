#include "gateway/flow/notice.h"

#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"

namespace sluice::flow {

Record record_of(const Notice& notice, std::string_view gateway, Timestamp at) {
  Record record;
  record.kind = RecordKind::notice;
  record.device = "sluice/" + std::string(gateway);
  record.schema = "sluice/notice";
  record.time = at;
  std::string& data = record.data;
  data = R"({"device":)";
  append_json_string(data, record.device);
  data += R"(,"schema":"sluice/notice","notice":)";
  append_json_string(data, notice.what);
  data += R"(,"text":)";
  append_json_string(data, notice.text);
  if (!notice.cloud.empty()) {
    data += R"(,"cloud":)";
    append_json_string(data, notice.cloud);
  }
  if (notice.records > 0) data += R"(,"records":)" + std::to_string(notice.records);
  data += R"(,"at":")";
  append_rfc3339(data, at);
  data += "\"}";
  return record;
}

}  // namespace sluice::flow
