#include "connectors/transport/lookup.h"

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include <netdb.h>

namespace sluice::transport {

struct Lookup::Question {
  std::mutex mutex;
  std::condition_variable_any answered;
  std::optional<Found> answer;
};

Lookup::Lookup(std::string host, int port, Ask ask) : host_(std::move(host)), port_(port), ask_(std::move(ask)) {}

Lookup::Found Lookup::ask_system(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0)
    return Failure{Failure::Kind::network,
                   "the name " + host + " cannot be looked up: " +
                       (error == EAI_SYSTEM ? std::generic_category().message(errno) : gai_strerror(error))};
  std::vector<Address> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    Address& address = addresses.emplace_back();
    std::memcpy(&address.bytes, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
  }
  freeaddrinfo(list);
  return addresses;
}

Lookup::Found Lookup::find(const Patience& patience) {
  if (!open_) {
    auto question = std::make_shared<Question>();
    // Everything the thread touches is its own or shared with it: it may outlive this object.
    std::thread([question, ask = ask_, host = host_, port = port_] {
      Found found = ask(host, port);
      const std::lock_guard lock(question->mutex);
      question->answer = std::move(found);
      question->answered.notify_all();
    }).detach();
    open_ = std::move(question);  // only now: where no thread could be made, nobody would ever answer
  }
  std::unique_lock lock(open_->mutex);
  const bool answered =
      open_->answered.wait_until(lock, patience.stop, patience.deadline, [&] { return open_->answer.has_value(); });
  if (answered) {
    Found found = std::move(*open_->answer);
    lock.unlock();
    open_.reset();
    return found;
  }
  if (patience.stop.stop_requested()) return Failure{Failure::Kind::stopped, "stopped"};
  return Failure{Failure::Kind::network, "the name " + host_ + " was not found in time; is a name server reachable?"};
}

}  // namespace sluice::transport
