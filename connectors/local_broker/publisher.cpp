#include "connectors/local_broker/publisher.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <mosquitto.h>
#include <poll.h>

#include "connectors/mqtt/client.h"
#include "connectors/mqtt/words.h"

namespace sluice::local_broker {
namespace {

constexpr int level = 4;  // the oldest that every broker speaks; nothing here needs more
constexpr std::size_t in_flight_max = 500;
constexpr std::chrono::seconds patience(10);

using SteadyClock = std::chrono::steady_clock;

}  // namespace

struct Publisher::Client {
  mqtt::Tls tls;
  mqtt::ClientPtr client;
  mqtt::Address address;
  int answer = -1;  ///< of the broker to CONNECT
  std::size_t in_flight = 0;
  SteadyClock::time_point last_turn{};

  Error failed(const std::string& why) const { return unavailable(mqtt::words_of(address) + ": " + why); }
  Result<> checked(int code) const;
  Result<> turn(Duration most);
  template <class Condition>
  Result<> turn_until(const Condition& condition, Duration most, const char* missing);
};

Result<> Publisher::Client::checked(int code) const {
  const int error_number = errno;
  if (code == MOSQ_ERR_SUCCESS) return {};
  if (answer > 0) return failed(mqtt::refusal_words(answer, level));
  if (const std::string refused = tls ? tls->take_refusal() : std::string(); !refused.empty())
    return failed("TLS: " + refused);
  return failed(mqtt::library_words(code, error_number));
}

/// Reads what has come, sends what waits, and pings; blocks at most so long for something to come.
Result<> Publisher::Client::turn(Duration most) {
  last_turn = SteadyClock::now();
  const short events = mosquitto_want_write(client.get()) ? POLLIN | POLLOUT : POLLIN;
  pollfd socket{mosquitto_socket(client.get()), events, 0};
  poll(&socket, 1, static_cast<int>(most.count()));
  if (socket.revents != 0) {
    if (Result<> read = checked(mosquitto_loop_read(client.get(), 1)); !read) return read;
    if (Result<> written = checked(mosquitto_loop_write(client.get(), 1)); !written) return written;
  }
  return checked(mosquitto_loop_misc(client.get()));
}

template <class Condition>
Result<> Publisher::Client::turn_until(const Condition& condition, Duration most, const char* missing) {
  const SteadyClock::time_point deadline = SteadyClock::now() + most;
  while (!condition()) {
    if (SteadyClock::now() > deadline) return failed(missing);
    if (Result<> turned = turn(Duration(50)); !turned) return turned;
  }
  return {};
}

Publisher::Publisher(std::unique_ptr<Client> client) : client_(std::move(client)) {}

Publisher::~Publisher() {
  mosquitto_disconnect(client_->client.get());
}

Result<std::unique_ptr<Publisher>> Publisher::connect(const Options& options) {
  auto made = std::make_unique<Client>();
  made->address = options.address;
  if (options.address.tls) {
    Result<mqtt::Tls> tls = transport::TlsContext::make(options.tls, options.address.host);
    if (!tls) return tls.error();
    made->tls = std::move(*tls);
  }
  Result<mqtt::ClientPtr> client =
      mqtt::make_client({options.address, options.client_id, options.username, options.password, level, true,
                         options.keep_alive, mqtt::Writing::at_once},
                        made->tls);
  if (!client) return client.error();
  made->client = std::move(*client);

  mosquitto* library = made->client.get();
  mosquitto_user_data_set(library, made.get());
  mosquitto_max_inflight_messages_set(library, 0);  // the bound is publish()'s
  mosquitto_connect_callback_set(
      library, [](mosquitto*, void* object, int code) { static_cast<Client*>(object)->answer = code; });
  mosquitto_publish_callback_set(library, [](mosquitto*, void* object, int) {
    auto& self = *static_cast<Client*>(object);
    self.in_flight -= std::min<std::size_t>(self.in_flight, 1);
  });
  const int code = mosquitto_connect(library, options.address.host.c_str(), options.address.port,
                                     static_cast<int>(options.keep_alive.count()));
  if (Result<> reached = made->checked(code); !reached) return reached.error();
  const auto answered = [&made] { return made->answer == 0; };
  if (Result<> greeted = made->turn_until(answered, patience, "no answer to CONNECT"); !greeted) return greeted.error();
  return std::unique_ptr<Publisher>(new Publisher(std::move(made)));
}

Result<> Publisher::publish(const std::string& topic, const std::string& payload, int qos, bool retain) {
  Client& client = *client_;
  const auto room = [&client] { return client.in_flight < in_flight_max; };
  if (Result<> waited = client.turn_until(room, patience, "no PUBACK"); !waited) return waited;
  ++client.in_flight;
  Result<> sent = client.checked(mosquitto_publish(client.client.get(), nullptr, topic.c_str(),
                                                   static_cast<int>(payload.size()), payload.data(), qos, retain));
  if (!sent) return sent;
  // Now and then, so that acknowledgements are read and pings sent however steadily this is called.
  if (SteadyClock::now() - client.last_turn > std::chrono::milliseconds(20)) return client.turn(Duration(0));
  return {};
}

Result<> Publisher::flush(Duration most) {
  Client& client = *client_;
  return client.turn_until([&client] { return client.in_flight == 0; }, most, "some messages are not acknowledged");
}

}  // namespace sluice::local_broker
