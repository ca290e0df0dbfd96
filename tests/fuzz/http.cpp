#include <algorithm>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/api/api.h"
#include "gateway/api/header_fields.h"
#include "gateway/api/http_connection.h"
#include "gateway/api/request_reader.h"
#include "gateway/api/response_text.h"
#include "gateway/core/json_text.h"
#include "tests/fuzz/json_check.h"
#include "tests/fuzz/target.h"
#include "tests/stage/fake_clock.h"

namespace sluice::fuzz {
namespace {

using namespace api;

constexpr std::size_t header_bytes_max = 2048;
constexpr std::size_t body_bytes_max = 4096;
constexpr std::string_view token = "Tuerklopfer";

/// What a peer that sends `pieces` one after the other is understood to have asked, and how it ended.
struct Asked {
  std::vector<Request> requests;
  int refused = 0;
  bool operator==(const Asked& other) const {
    const auto same = [](const Request& a, const Request& b) {
      return a.method == b.method && a.path == b.path && a.segments == b.segments && a.query == b.query &&
             a.headers == b.headers && a.body == b.body;
    };
    return refused == other.refused &&
           std::equal(requests.begin(), requests.end(), other.requests.begin(), other.requests.end(), same);
  }
};

Asked read_in_pieces(std::string_view bytes, std::size_t piece) {
  Asked asked;
  RequestReader reader(header_bytes_max, body_bytes_max);
  while (!bytes.empty() && reader.state() != RequestReader::State::refused) {
    const std::size_t taken = reader.feed(bytes.substr(0, piece));
    require(taken > 0, "a reader that wants bytes takes them");
    bytes.remove_prefix(taken);
    if (reader.state() == RequestReader::State::complete) asked.requests.push_back(reader.take());
  }
  if (reader.state() == RequestReader::State::refused) asked.refused = reader.refusal().status;
  return asked;
}

void check_request(const Request& request) {
  std::size_t head = request.method.size() + request.path.size();
  for (const auto& [name, value] : request.headers) head += name.size() + value.size();
  require(head <= header_bytes_max && request.body.size() <= body_bytes_max, "a request has its bounds");
  require(is_utf8(request.path), "a path is text", request.path);
  for (const std::string& segment : request.segments)
    require(segment != "." && segment != "..", "no segment leads upwards", request.path);
  const auto key = idempotency_key(request);
  require(!key || key->size() <= 128, "a key is bounded");
  const auto wait = preferred_wait(request);
  require(!wait || (wait->count() >= 0 && *wait <= std::chrono::hours(24)), "a wait is bounded");
  (void)is_json(request);
}

/// An interface whose every change is noted.
class Changes {
 public:
  Changes()
      : api_(
            {std::string(token), {"pi.local"}}, [] { return Picture{}; }, downlink(), nullptr, quarantine()) {
    api_.on_reload([this] { return changed(); });
  }
  Response answer(const Request& request) { return api_.answer(request); }
  int count() const { return count_; }

 private:
  Response changed() {
    ++count_;
    return {200, "application/json", "{}", {}};
  }
  Downlink downlink() {
    Downlink downlink;
    downlink.command = [this](const CommandMessage& message) -> Result<CommandAnswer> {
      ++count_;
      CommandAnswer answer = refused_command({message.id, message.device, message.name}, 202, "");
      answer.state = CommandState::accepted;
      return answer;
    };
    downlink.look = [](const std::string& id, Duration) -> std::optional<CommandAnswer> {
      return refused_command({id, "t/d", "c"}, 404, "unknown");
    };
    downlink.commands = [] { return std::string("[]"); };
    downlink.devices = [] { return std::string("[]"); };
    downlink.device = [](const std::string&) { return std::optional<std::string>("{}"); };
    return downlink;
  }
  Quarantine quarantine() {
    Quarantine quarantine;
    quarantine.list = [](const Request&) { return Response{200, "application/json", "[]", {}}; };
    quarantine.show = [](std::int64_t) { return Response{200, "application/json", "{}", {}}; };
    quarantine.replay = quarantine.drop = [this](std::int64_t) { return changed(); };
    quarantine.replay_many = quarantine.drop_many = [this](const std::string&) { return changed(); };
    return quarantine;
  }
  int count_ = 0;
  Api api_;
};

void check_answer(const Response& response) {
  require(response.status >= 200 && response.status < 600, "an answer has a status");
  if (response.content_type.find("json") != std::string::npos)
    require(is_json(response.body), "what is called JSON is JSON", response.body);
  const std::string text = response_text(response, true, false);
  const std::size_t head = text.find("\r\n\r\n");
  require(head != std::string::npos && text.size() == head + 4 + response.body.size(), "a header ends once", text);
}

void check_answered(const std::vector<Request>& requests, bool may_change) {
  Changes changes;
  for (Request request : requests)
    for (const bool from_loopback : {true, false}) {
      request.from_loopback = from_loopback;
      check_answer(changes.answer(request));
    }
  require(changes.count() == 0 || may_change, "nothing is changed without the token");
}

/// The same bytes through a connection: what comes out must be whole answers, as many as were asked.
void check_connection(std::string_view input, const Asked& asked) {
  int ends[2];
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0, "a pair of sockets");
  HttpServer::Limits limits;
  limits.header_bytes_max = header_bytes_max;
  limits.body_bytes_max = body_bytes_max;
  const Instant now = stage::FakeClock().now();
  HttpConnection connection(ends[0], limits, now);
  std::size_t answered = 0, said = 0;
  for (int turn = 0; turn < 5000 && !connection.done(); ++turn) {
    if (said < input.size())
      said += static_cast<std::size_t>(
          std::max<ssize_t>(send(ends[1], input.data() + said, input.size() - said, MSG_NOSIGNAL), 0));
    if (said == input.size()) shutdown(ends[1], SHUT_WR);
    if (connection.has_request()) {
      (void)connection.take_request();
      ++answered;
      connection.respond({200, "text/plain", "ok", {}}, now);
    } else {
      connection.on_ready(connection.wanted_events(), now);
    }
    char heard[4096];
    while (recv(ends[1], heard, sizeof heard, 0) > 0) continue;
  }
  close(ends[1]);
  require(connection.done(), "a connection whose peer is gone ends");
  require(answered <= asked.requests.size(), "each request is answered once");
}

/// '0' and what a peer sends: whole, byte by byte, and through a socket it is understood alike.
void run(std::string_view input) {
  const std::size_t piece = 1 + take_choice(input, 64);
  const Asked asked = read_in_pieces(input, input.size());
  require(asked == read_in_pieces(input, 1) && asked == read_in_pieces(input, piece), "however the bytes come");
  for (const Request& request : asked.requests) check_request(request);
  check_answered(asked.requests, input.find(token) != std::string_view::npos);
  check_connection(input, asked);
}

const Target target("http", run);

}  // namespace
}  // namespace sluice::fuzz
