#include "tests/contract/peer.h"

#include <algorithm>
#include <array>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/core/assert.h"
#include "tests/stage/process.h"

namespace sluice::contract {

namespace {

constexpr int turn_ms = 10;
constexpr std::chrono::milliseconds late_by(60);

std::shared_ptr<ssl_ctx_st> context_with(const stage::Certificate& certificate) {
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SLUICE_ASSERT(SSL_CTX_use_certificate_chain_file(context.get(), certificate.cert_file.c_str()) == 1);
  SLUICE_ASSERT(SSL_CTX_use_PrivateKey_file(context.get(), certificate.key_file.c_str(), SSL_FILETYPE_PEM) == 1);
  return context;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

/// One connection: TLS over a socket that never blocks for longer than a turn.
class Peer::Line {
 public:
  Line(int socket, ssl_ctx_st& context, std::stop_token stop)
      : socket_(socket), ssl_(SSL_new(&context), SSL_free), stop_(std::move(stop)) {
    SLUICE_ASSERT(SSL_set_fd(ssl_.get(), socket) == 1);
  }

  bool shake_hands() {
    return repeat([this] { return SSL_accept(ssl_.get()); }) == 1;
  }
  /// Adds what comes next. False: the other end has closed, or the talk is over.
  bool read(std::string& bytes) {
    std::array<char, 16'384> buffer;
    const int count = repeat([&] { return SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size())); });
    if (count > 0) bytes.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
  /// Whether something comes within a turn.
  bool comes() { return SSL_pending(ssl_.get()) > 0 || ready(POLLIN); }
  void write(std::string_view text) {
    while (!text.empty()) {
      const int count = repeat([&] { return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())); });
      if (count <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void say_goodbye() { SSL_shutdown(ssl_.get()); }
  bool over() const { return stop_.stop_requested(); }
  /// Until the talk is over.
  void hold() const {
    while (!over()) std::this_thread::sleep_for(std::chrono::milliseconds(turn_ms));
  }
  void rest(std::chrono::milliseconds time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!over() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

 private:
  bool ready(short events) {
    pollfd watched{socket_, events, 0};
    return poll(&watched, 1, turn_ms) > 0;
  }
  template <class Call>
  int repeat(Call call) {
    while (!over()) {
      const int result = call();
      if (result > 0) return result;
      const int error = SSL_get_error(ssl_.get(), result);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return -1;
      ready(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
    }
    return -1;
  }

  int socket_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  std::stop_token stop_;
};

Peer::Peer(MakeTongue tongue)
    : tongue_(std::move(tongue)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      context_(context_with(certificate_)) {
  // Only a port that was asked for stays when nobody listens any more.
  const auto taken = [this] {
    const sockaddr_in address = loopback(port_ = stage::free_port());
    return bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  };
  SLUICE_ASSERT(stage::eventually(taken));
  comes_back();
}

Peer::~Peer() {
  goes_away();
  close(listener_);
}

void Peer::comes_back() {
  SLUICE_ASSERT(::listen(listener_, 16) == 0);
  taker_ = std::jthread([this](const std::stop_token& stop) { take_connections(stop); });
}

void Peer::goes_away() {
  taker_ = {};
  // The socket keeps its port, so that nobody else gets it meanwhile.
  shutdown(listener_, SHUT_RD);
  ends_connections();
  for (const int socket : queue_) close(socket);
  queue_.clear();
}

void Peer::ends_connections() {
  std::list<Talk> ended;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(talks_);
  }
  for (Talk& talk : ended) talk.thread.request_stop();
}

void Peer::stands(Door door) {
  {
    const std::lock_guard lock(mutex_);
    door_ = door;
  }
  if (door == Door::full) fill_the_queue();
  ends_connections();
}

/// Linux takes one more than the backlog says, and drops what comes after that.
void Peer::fill_the_queue() {
  taker_ = {};
  SLUICE_ASSERT(::listen(listener_, 0) == 0);
  const sockaddr_in address = loopback(port_);
  for (int i = 0; i < 3; ++i) {
    queue_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    connect(queue_.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
}

void Peer::take_connections(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd watched{listener_, POLLIN, 0};
    if (poll(&watched, 1, turn_ms) <= 0) continue;
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) continue;
    const std::lock_guard lock(mutex_);
    talks_.remove_if([](const Talk& talk) { return talk.over.load(); });
    Talk& talk = talks_.emplace_back();
    talk.thread = std::jthread([this, socket, &talk, number = ++connections_](const std::stop_token& ended) {
      serve(socket, number, ended);
      close(socket);
      talk.over = true;
    });
  }
}

void Peer::serve(int socket, int number, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<ssl_ctx_st> context = context_;
  const Door door = door_;
  lock.unlock();
  Line line(socket, *context, stop);
  if (door == Door::deaf) return line.hold();
  if (!line.shake_hands()) return;
  const std::unique_ptr<Tongue> tongue = tongue_(*this);
  converse(line, *tongue, number, door);
}

void Peer::converse(Line& line, Tongue& tongue, int number, Door door) {
  std::string bytes;
  bool begun = false;
  for (;;) {
    while (!line.over() && !line.comes()) line.write(tongue.unasked(*this));
    if (!line.read(bytes)) return;
    if (door == Door::mute) continue;
    for (;;) {
      const std::optional<std::size_t> size = tongue.size(bytes);
      if (size && *size > bytes.size() && *size > 65'536 && !std::exchange(begun, true)) ++begun_;
      if (begun && door == Door::stuck) return line.hold();
      if (begun && door == Door::torn && bytes.size() * 2 > *size) return;
      if (!size || *size > bytes.size()) break;
      begun = false;
      if (!reply(line, tongue, std::string_view(bytes).substr(0, *size), number)) return;
      bytes.erase(0, *size);
    }
  }
}

/// Whether the connection goes on.
bool Peer::reply(Line& line, Tongue& tongue, std::string_view message, int number) {
  const Act act = note(tongue.ids(message), message, number);
  switch (act) {
    case Act::silence:
      return true;
    case Act::cut:
      return false;
    case Act::garble: {
      const std::string garbage = (std::lock_guard(mutex_), garbage_);
      line.write(garbage);
      line.say_goodbye();
      return false;
    }
    case Act::late:
      line.rest(late_by);
      [[fallthrough]];
    default:
      line.write(tongue.answer(message, act));
      return true;
  }
}

/// What is to be done with a message; its records count as arrived before anything is said.
Act Peer::note(const std::vector<std::string>& ids, std::string_view message, int number) {
  const std::lock_guard lock(mutex_);
  if (login_refused_) return Act::pause;
  Act act = Act::accept;
  for (const std::string& id : ids) {
    const auto planned = planned_.find(id);
    const bool special = planned != planned_.end() && planned->second.second > 0;
    if (special) --planned->second.second;
    act = std::max(act, special ? planned->second.first : usual_);
  }
  const auto text = std::make_shared<const std::string>(message);
  for (const std::string& id : ids) arrivals_.push_back({id, text, number, act});
  return act;
}

void Peer::does(Act act) {
  const std::lock_guard lock(mutex_);
  usual_ = act;
}

void Peer::does(const std::string& id, Act act, int times) {
  const std::lock_guard lock(mutex_);
  planned_[id] = {act, times};
}

void Peer::garbles_with(std::string text) {
  const std::lock_guard lock(mutex_);
  garbage_ = std::move(text);
}

void Peer::refuses_login(bool refused) {
  const std::lock_guard lock(mutex_);
  login_refused_ = refused;
}

void Peer::shows(const stage::Certificate& certificate) {
  {
    const std::lock_guard lock(mutex_);
    context_ = context_with(certificate);
  }
  ends_connections();
}

std::vector<Arrival> Peer::arrivals() const {
  const std::lock_guard lock(mutex_);
  std::vector<Arrival> all = arrivals_;
  std::stable_sort(all.begin(), all.end(),
                   [](const Arrival& a, const Arrival& b) { return a.connection < b.connection; });
  return all;
}

void Peer::offers(std::string command) {
  const std::lock_guard lock(mutex_);
  offered_ = std::move(command);
}

std::optional<std::string> Peer::offered() const {
  const std::lock_guard lock(mutex_);
  return offered_;
}

void Peer::hears(std::string outcome) {
  const std::lock_guard lock(mutex_);
  outcomes_.push_back(std::move(outcome));
}

std::vector<std::string> Peer::outcomes() const {
  const std::lock_guard lock(mutex_);
  return outcomes_;
}

}  // namespace sluice::contract
