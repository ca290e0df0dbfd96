#include "connectors/mqtt/dial.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <mosquitto.h>

#include "connectors/mqtt/words.h"

namespace sluice::mqtt {

namespace {
constexpr std::chrono::seconds patience(1);
}

struct Dial::Attempt {
  // Copies: the thread may outlive everything else.
  Address address;
  int keep_alive = 0;
  Properties properties;
  Tls tls;
  std::shared_ptr<Wake> wake;
  std::string complaint;  ///< the library's last line about an error

  std::mutex mutex;
  std::condition_variable changed;
  ClientPtr client;
  std::optional<Outcome> outcome;
  bool ended = false;

  void run();
  Outcome connect();
  Outcome failed(int code, int error_number) const;
};

void Dial::Attempt::run() {
  Outcome reached = connect();
  const std::lock_guard lock(mutex);
  outcome = std::move(reached);
  ended = true;
  changed.notify_all();
  wake->call();
}

Dial::Outcome Dial::Attempt::connect() {
  ClientPtr mine = std::move(client);
  mosquitto_user_data_set(mine.get(), this);
  mosquitto_log_callback_set(mine.get(), [](mosquitto*, void* self, int level, const char* line) {
    if (level == MOSQ_LOG_ERR) static_cast<Attempt*>(self)->complaint = line;
  });
  const int code =
      mosquitto_connect_bind_v5(mine.get(), address.host.c_str(), address.port, keep_alive, nullptr, properties.get());
  const int error_number = errno;
  mosquitto_log_callback_set(mine.get(), nullptr);
  mosquitto_user_data_set(mine.get(), nullptr);
  if (code != MOSQ_ERR_SUCCESS) return failed(code, error_number);
  return {std::move(mine), {}, false};
}

Dial::Outcome Dial::Attempt::failed(int code, int error_number) const {
  if (code != MOSQ_ERR_TLS) return {nullptr, library_words(code, error_number), false};
  // A peer that is quick may have answered the handshake before the call returned.
  std::string refusal = tls ? tls->take_refusal() : std::string();
  if (!refusal.empty()) return {nullptr, "TLS: " + refusal, true};
  return {nullptr, complaint.empty() ? library_words(code, error_number) : tls_words(complaint), blames_tls(complaint)};
}

Dial::Dial(ClientPtr client, Properties properties, const ClientOptions& options, Tls tls, std::shared_ptr<Wake> wake)
    : attempt_(std::make_shared<Attempt>()) {
  attempt_->address = options.address;
  attempt_->keep_alive = static_cast<int>(options.keep_alive.count());
  attempt_->properties = std::move(properties);
  attempt_->tls = std::move(tls);
  attempt_->wake = std::move(wake);
  attempt_->client = std::move(client);
  std::thread([attempt = attempt_] { attempt->run(); }).detach();
}

Dial::~Dial() {
  std::unique_lock lock(attempt_->mutex);
  attempt_->changed.wait_for(lock, patience, [this] { return attempt_->ended; });
}

std::optional<Dial::Outcome> Dial::outcome() {
  const std::lock_guard lock(attempt_->mutex);
  return std::exchange(attempt_->outcome, std::nullopt);
}

}  // namespace sluice::mqtt
