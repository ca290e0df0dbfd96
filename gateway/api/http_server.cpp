#include "gateway/api/http_server.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/api/http_connection.h"
#include "gateway/api/listen_socket.h"

namespace sluice::api {

namespace {

using std::chrono::steady_clock;

/// Beyond the limit, so many more connections are told so; whoever comes after them is closed without a word.
constexpr std::size_t turned_away_max = 16;
/// Taken in at a time, so that who has said something already is read before others can push it out.
constexpr int accepts_max = 16;
/// Without a free file descriptor a waiting connection would keep poll(2) awake.
constexpr Duration accept_rest = std::chrono::milliseconds(100);

/// How long poll(2) may wait, -1 for ever.
int poll_time(Instant until, Instant now) {
  if (until == Instant::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

struct HttpServer::State {
  State(ListenSocket to, Limits with, Handler by) : listener(to), limits(with), handler(std::move(by)) {}
  ~State();

  void start();
  void watch();  ///< the thread that owns all sockets
  void work();   ///< a thread that calls the handler

  void accept_some(Instant now);
  void make_room();
  void take_answers(Instant now);
  void serve(std::uint64_t id, HttpConnection& connection, short events, Instant now);
  Response call(const Request& request) const;
  void wake() const;

  const ListenSocket listener;
  const Limits limits;
  const Handler handler;
  const int waker = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

  // Only the watching thread touches these.
  std::unordered_map<std::uint64_t, std::unique_ptr<HttpConnection>> connections;
  std::uint64_t next_id = 0;
  Instant accept_after{};

  // Between the watching thread and the workers; no more requests than connections may be open, and their answers.
  std::mutex mutex;
  std::condition_variable work_came;
  std::deque<std::pair<std::uint64_t, Request>> requests;
  std::vector<std::pair<std::uint64_t, Response>> answers;
  bool stopping = false;

  std::vector<std::thread> threads;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(std::string_view address, Limits limits, Handler handler) {
  const Result<ListenSocket> listener = listen_on(address);
  if (!listener) return listener.error();
  auto state = std::make_unique<State>(*listener, limits, std::move(handler));
  state->start();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

int HttpServer::port() const {
  return state_->listener.port;
}

void HttpServer::State::start() {
  threads.emplace_back([this] { watch(); });
  for (std::size_t i = 0; i < std::max<std::size_t>(limits.threads, 1); ++i) threads.emplace_back([this] { work(); });
}

HttpServer::State::~State() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    work_came.notify_all();
  }
  wake();
  for (std::thread& thread : threads) thread.join();
  connections.clear();
  close(listener.socket);
  close(waker);
}

void HttpServer::State::wake() const {
  const std::uint64_t one = 1;
  (void)!write(waker, &one, sizeof one);
}

void HttpServer::State::watch() {
  std::vector<pollfd> watched;
  std::vector<std::uint64_t> ids;
  for (;;) {
    Instant now = steady_clock::now();
    const bool accepting = now >= accept_after;
    Instant until = accepting ? Instant::max() : accept_after;
    watched.assign({{waker, POLLIN, 0}, {accepting ? listener.socket : -1, POLLIN, 0}});
    ids.assign(2, 0);
    for (const auto& [id, connection] : connections) {
      watched.push_back({connection->socket(), connection->wanted_events(), 0});
      ids.push_back(id);
      until = std::min(until, connection->deadline());
    }
    poll(watched.data(), watched.size(), poll_time(until, now));
    now = steady_clock::now();

    if (watched[0].revents != 0) take_answers(now);
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
    }
    for (std::size_t i = 2; i < watched.size(); ++i) serve(ids[i], *connections.at(ids[i]), watched[i].revents, now);
    std::erase_if(connections, [](const auto& entry) { return entry.second->done(); });
    if (watched[1].revents != 0) accept_some(now);
  }
}

void HttpServer::State::serve(std::uint64_t id, HttpConnection& connection, short events, Instant now) {
  if (events != 0)
    connection.on_ready(events, now);
  else if (connection.deadline() <= now)
    connection.on_deadline(now);
  if (!connection.has_request()) return;
  Request request = connection.take_request();
  {
    const std::lock_guard lock(mutex);
    // A peer that resets its connection leaves its request behind: connections do not bound them.
    if (requests.size() < limits.connections_max) {
      requests.emplace_back(id, std::move(request));
      work_came.notify_one();
      return;
    }
  }
  connection.respond(problem(503, {}, "too many requests wait"), now);
}

void HttpServer::State::take_answers(Instant now) {
  std::uint64_t count = 0;
  (void)!read(waker, &count, sizeof count);
  std::vector<std::pair<std::uint64_t, Response>> ready;
  {
    const std::lock_guard lock(mutex);
    ready.swap(answers);
  }
  for (const auto& [id, response] : ready)
    if (const auto at = connections.find(id); at != connections.end()) at->second->respond(response, now);
}

void HttpServer::State::accept_some(Instant now) {
  for (int accepted = 0; accepted < accepts_max; ++accepted) {
    const int socket = accept4(listener.socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) accept_after = now + accept_rest;
      return;
    }
    if (connections.size() >= limits.connections_max) make_room();
    if (connections.size() >= limits.connections_max + turned_away_max) {
      close(socket);
      continue;
    }
    auto connection = std::make_unique<HttpConnection>(socket, limits, now);
    if (connections.size() >= limits.connections_max) connection->turn_away(now);
    connections.emplace(++next_id, std::move(connection));
  }
}

/// Slow and silent peers, however many, take the place of nobody who comes with a request.
void HttpServer::State::make_room() {
  auto longest = connections.end();
  for (auto at = connections.begin(); at != connections.end(); ++at) {
    if (!at->second->waits_for_peer()) continue;
    if (longest == connections.end() || at->second->deadline() < longest->second->deadline()) longest = at;
  }
  if (longest != connections.end()) connections.erase(longest);
}

void HttpServer::State::work() {
  for (;;) {
    std::unique_lock lock(mutex);
    work_came.wait(lock, [this] { return stopping || !requests.empty(); });
    if (stopping) return;
    const auto [id, request] = std::move(requests.front());
    requests.pop_front();
    lock.unlock();
    Response response = call(request);
    lock.lock();
    answers.emplace_back(id, std::move(response));
    lock.unlock();
    wake();
  }
}

Response HttpServer::State::call(const Request& request) const {
  try {
    return handler(request);
  } catch (...) {  // what it was is the handler's to tell, and nobody else's to know
    return problem(500, {});
  }
}

}  // namespace sluice::api
