#include "gateway/core/cloud_event.h"

#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"

namespace sluice {

void append_cloud_event(std::string& out, const Record& record, std::string_view source) {
  out += R"({"specversion":"1.0","id":")";
  record.id.append_to(out);
  out += R"(","source":)";
  append_json_string(out, source);
  out += R"(,"type":"sluice.)";
  out += name_of(record.kind);
  out += R"(.v1","subject":)";
  append_json_string(out, record.device);
  out += R"(,"time":")";
  append_rfc3339(out, record.time);
  out += R"(","datacontenttype":"application/json","dataschema":)";
  append_json_string(out, "urn:sluice:schema:" + record.schema);
  out += R"(,"data":)";
  out += record.data;
  out += '}';
}

}  // namespace sluice
