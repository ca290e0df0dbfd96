#include "gateway/app/reload_page.h"

#include "gateway/core/json_text.h"

namespace sluice::app {

namespace {

std::string problems_json(const normalize::Problems& problems) {
  std::string out = "[";
  for (const normalize::Problem& problem : problems.list()) {
    append_json_string(out += out.size() > 1 ? R"(,{"file":)" : R"({"file":)", problem.place.file);
    out += R"(,"line":)" + std::to_string(problem.place.line) + R"(,"column":)" + std::to_string(problem.place.column);
    append_json_string(out += R"(,"message":)", problem.message);
    out += '}';
  }
  return out + "]";
}

}  // namespace

api::Response reload_page(const std::optional<Reloaded>& reloaded) {
  if (!reloaded) return api::problem(503, "No reload now", "the gateway ends, or too many wait for a reload already");
  if (!reloaded->failure.empty()) return api::problem(503, "Nothing has changed", reloaded->failure);
  if (reloaded->refused()) {
    api::Response response = api::problem(422, "The configuration is refused, and nothing has changed");
    response.body.pop_back();  // the brace that closes the document: an extension follows (RFC 9457 section 3.2)
    response.body += R"(,"errors":)" + problems_json(reloaded->problems) + '}';
    return response;
  }
  api::Response response;
  response.body = R"({"changes":[)";
  for (const std::string& change : reloaded->changes) {
    if (&change != reloaded->changes.data()) response.body += ',';
    append_json_string(response.body, change);
  }
  response.body += R"(],"warnings":)" + problems_json(reloaded->warnings) + '}';
  return response;
}

}  // namespace sluice::app
