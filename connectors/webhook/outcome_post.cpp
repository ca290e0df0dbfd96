#include "connectors/webhook/outcome_post.h"

#include <algorithm>

#include "connectors/webhook/request_headers.h"
#include "gateway/core/percent.h"

namespace sluice::webhook {

namespace {

constexpr std::size_t shown_max = 300;
}  // namespace

OutcomePost::OutcomePost(const std::string& cloud, Channel channel, const Url& poll, Log& log)
    : channel_(std::move(channel)), trouble_(log, cloud) {
  channel_.headers.emplace_back("Content-Type", "application/json");
  const std::size_t query = std::min(poll.target.find('?'), poll.target.size());
  path_ = poll.target.substr(0, query);
  query_ = poll.target.substr(query);
  if (path_.ends_with('/')) path_.pop_back();
}

Verdict OutcomePost::tell(const CommandAnswer& answer, std::stop_token stop) {
  if (answer.id.empty()) return nameless(answer);
  // RFC 3986 section 5.2.4: such a segment is taken out of a path, and percent-encoding it does not help.
  if (answer.id == "." || answer.id == "..") return Verdict::reject("no address can hold the id '" + answer.id + "'");
  const std::string id = percent_encoded(answer.id);
  Headers headers = channel_.headers;
  channel_.name(headers, "outcome-" + id, answer.text);
  const Endpoint::Said said = channel_.endpoint->post_to(path_ + "/" + id + "/outcome" + query_, headers, answer.text,
                                                         channel_.timeout, std::move(stop));
  if (const auto* failure = std::get_if<Failure>(&said)) return channel_.put_off(*failure);
  return judge(std::get<Answer>(said), answer.id);
}

Verdict OutcomePost::judge(const Answer& answer, const std::string& id) {
  switch (answer.status) {
    case 404:
    case 410:  // it does not know the command any more, or has no use for outcomes
      trouble_.met(LogLevel::warning, "unknown",
                   "the outcome of command " + one_line(id, shown_max) + " is not wanted: " + channel_.explain(answer));
      return Verdict::accept();
    case 409:  // it has an outcome already
      return Verdict::accept();
    default:
      break;
  }
  switch (step_after(answer.status)) {
    case Step::accept:
      trouble_.over("outcomes of commands are taken");
      return Verdict::accept();
    case Step::split_find:
    case Step::split_size:
      return Verdict::reject(channel_.explain(answer));
    case Step::defer:
      return Verdict::defer(channel_.explain(answer), channel_.wish(answer));
    case Step::pause:
      break;
  }
  return Verdict::pause(channel_.explain(answer));
}

Verdict OutcomePost::nameless(const CommandAnswer& answer) {
  trouble_.met(LogLevel::warning, "no id",
               "commands that cannot be read, so that nothing can be told about them: " +
                   one_line(channel_.redaction.apply(answer.text), shown_max));
  return Verdict::accept();
}

}  // namespace sluice::webhook
