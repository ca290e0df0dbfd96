#include "connectors/local_broker/dial.h"

#include <cerrno>
#include <mutex>
#include <thread>
#include <utility>

#include "connectors/local_broker/words.h"

namespace sluice::local_broker {

struct Dial::Attempt {
  // Copies: the thread may outlive everything else.
  Address address;
  int keep_alive = 0;
  Properties properties;
  std::shared_ptr<Wake> wake;

  std::mutex mutex;
  ClientPtr client;
  std::optional<Outcome> outcome;

  void run();
};

void Dial::Attempt::run() {
  ClientPtr mine = std::move(client);
  const int code =
      mosquitto_connect_bind_v5(mine.get(), address.host.c_str(), address.port, keep_alive, nullptr, properties.get());
  const int error_number = errno;
  Outcome reached{std::move(mine), {}};
  if (code != MOSQ_ERR_SUCCESS) reached = {nullptr, library_words(code, error_number)};
  {
    const std::lock_guard lock(mutex);
    outcome = std::move(reached);
  }
  wake->call();
}

Dial::Dial(ClientPtr client, Properties properties, const Options& options, std::shared_ptr<Wake> wake)
    : attempt_(std::make_shared<Attempt>()) {
  attempt_->address = options.address;
  attempt_->keep_alive = static_cast<int>(options.keep_alive.count());
  attempt_->properties = std::move(properties);
  attempt_->wake = std::move(wake);
  attempt_->client = std::move(client);
  std::thread([attempt = attempt_] { attempt->run(); }).detach();
}

Dial::~Dial() = default;

std::optional<Dial::Outcome> Dial::outcome() {
  const std::lock_guard lock(attempt_->mutex);
  return std::exchange(attempt_->outcome, std::nullopt);
}

}  // namespace sluice::local_broker
