#include "connectors/local_broker/trial.h"

#include <cerrno>
#include <chrono>
#include <memory>
#include <random>
#include <string_view>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>

#include "connectors/mqtt/client.h"
#include "connectors/mqtt/words.h"

namespace sluice::local_broker {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds patience(10);
constexpr std::chrono::milliseconds silence(1500);  // nothing more comes
constexpr std::size_t messages = 1500;              // more than a stock mosquitto keeps
constexpr std::uint32_t session_seconds = 300;      // should the trial be cut short

/// A client that lives for one step of the trial.
class Visitor {
 public:
  static Result<std::unique_ptr<Visitor>> connect(const Options& options, const std::string& client_id, int level,
                                                  bool clean) {
    std::unique_ptr<Visitor> visitor(new Visitor);
    visitor->level_ = level;
    if (options.address.tls) {
      Result<mqtt::Tls> tls = transport::TlsContext::make(options.tls, options.address.host);
      if (!tls) return tls.error();
      visitor->tls_ = std::move(*tls);
    }
    Result<mqtt::ClientPtr> client = mqtt::make_client({options.address, client_id, options.username, options.password,
                                                        level, clean, options.keep_alive, mqtt::Writing::at_once},
                                                       visitor->tls_);
    if (!client) return client.error();
    visitor->client_ = std::move(*client);
    visitor->wire();
    if (Result<> greeted = visitor->greet(options, clean); !greeted) return greeted.error();
    return visitor;
  }
  ~Visitor() {
    if (client_) mosquitto_disconnect_v5(client_.get(), MQTT_RC_NORMAL_DISCONNECTION, nullptr);
  }

  /// Of what was published with that QoS.
  std::size_t received(int qos) const { return received_[qos]; }

  Result<> subscribe(const std::vector<std::string>& filters) {
    std::vector<char*> names;
    for (const std::string& filter : filters) names.push_back(const_cast<char*>(filter.c_str()));
    granted_.clear();
    const int code = mosquitto_subscribe_multiple(client_.get(), nullptr, static_cast<int>(names.size()), names.data(),
                                                  1, 0, nullptr);
    if (Result<> sent = checked(code); !sent) return sent;
    if (Result<> answered = turn_until([this] { return !granted_.empty(); }, "no answer to SUBSCRIBE"); !answered)
      return answered;
    for (std::size_t i = 0; i < granted_.size() && i < filters.size(); ++i)
      if (granted_[i] >= 128)
        return unavailable("the subscription to '" + filters[i] + "' is refused: " + mqtt::reason_words(granted_[i]));
    return {};
  }
  Result<> publish(const std::string& topic, int qos) {
    ++in_flight_;
    const std::string by_qos = topic + "/" + std::to_string(qos);
    const int code = mosquitto_publish(client_.get(), nullptr, by_qos.c_str(), 1, "x", qos, false);
    if (Result<> sent = checked(code); !sent) return sent;
    if (in_flight_ < 100) return {};
    return flush();
  }
  Result<> flush() {
    if (Result<> done = turn_until([this] { return in_flight_ == 0; }, "no PUBACK"); !done) return done;
    if (refused_ >= 128)
      return unavailable("a publish under sluice/doctor/ is refused: " + mqtt::reason_words(refused_));
    return {};
  }
  /// Until so many have come, or nothing more does.
  void receive(std::size_t most) {
    auto last = steady_clock::now();
    std::size_t before = 0;
    while (received_[0] + received_[1] < most && steady_clock::now() - last < silence && turn(50)) {
      if (received_[0] + received_[1] != before) last = steady_clock::now();
      before = received_[0] + received_[1];
    }
  }

 private:
  static Visitor& self(void* object) { return *static_cast<Visitor*>(object); }

  void wire() {
    mosquitto* client = client_.get();
    mosquitto_user_data_set(client, this);
    mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, 65'535);
    mosquitto_connect_callback_set(client, [](mosquitto*, void* object, int code) { self(object).answer_ = code; });
    mosquitto_subscribe_callback_set(client, [](mosquitto*, void* object, int, int count, const int* granted) {
      self(object).granted_.assign(granted, granted + count);
    });
    mosquitto_publish_v5_callback_set(client, [](mosquitto*, void* object, int, int reason, const mosquitto_property*) {
      if (self(object).in_flight_ > 0) --self(object).in_flight_;
      if (reason >= 128) self(object).refused_ = reason;
    });
    mosquitto_message_callback_set(client, [](mosquitto*, void* object, const mosquitto_message* message) {
      const std::string_view topic(message->topic);
      if (topic.starts_with("sluice/doctor/")) ++self(object).received_[topic.ends_with("/1") ? 1 : 0];
    });
    mosquitto_log_callback_set(client, [](mosquitto*, void* object, int level, const char* line) {
      if (level == MOSQ_LOG_ERR) self(object).complaint_ = line;
    });
  }

  Result<> greet(const Options& options, bool clean) {
    mosquitto_property* list = nullptr;
    if (level_ == 5 && !clean) mosquitto_property_add_int32(&list, MQTT_PROP_SESSION_EXPIRY_INTERVAL, session_seconds);
    const mqtt::Properties properties(list);
    const int code = mosquitto_connect_bind_v5(client_.get(), options.address.host.c_str(), options.address.port,
                                               static_cast<int>(options.keep_alive.count()), nullptr, properties.get());
    if (Result<> reached = checked(code); !reached) return reached;
    if (Result<> done = turn_until([this] { return answer_ >= 0; }, "no answer to CONNECT"); !done) return done;
    return answer_ == 0 ? Result<>{} : unavailable(mqtt::refusal_words(answer_, level_));
  }

  Result<> checked(int code) const {
    const int error_number = errno;
    if (code == MOSQ_ERR_SUCCESS) return {};
    if (answer_ > 0) return unavailable(mqtt::refusal_words(answer_, level_));
    if (const std::string refusal = tls_ ? tls_->take_refusal() : std::string(); !refusal.empty())
      return unavailable("TLS: " + refusal);
    if (!complaint_.empty()) return unavailable(mqtt::tls_words(complaint_));
    return unavailable(mqtt::library_words(code, error_number));
  }

  bool turn(int milliseconds) {
    pollfd socket{mosquitto_socket(client_.get()), mqtt::events_of(client_.get()), 0};
    if (!mqtt::pending(client_.get())) poll(&socket, 1, milliseconds);
    last_ = mosquitto_loop_read(client_.get(), 1);
    if (last_ == MOSQ_ERR_SUCCESS && mosquitto_want_write(client_.get()))
      last_ = mosquitto_loop_write(client_.get(), 1);
    if (last_ == MOSQ_ERR_SUCCESS) last_ = mosquitto_loop_misc(client_.get());
    return last_ == MOSQ_ERR_SUCCESS;
  }
  template <class Condition>
  Result<> turn_until(const Condition& condition, const char* missing) {
    const auto deadline = steady_clock::now() + patience;
    while (!condition()) {
      if (steady_clock::now() > deadline) return unavailable(missing);
      if (!turn(50) && !condition()) return checked(last_);
    }
    return {};
  }

  mqtt::Tls tls_;
  mqtt::ClientPtr client_;
  int level_ = 5;
  int answer_ = -1;
  int last_ = 0;
  std::vector<int> granted_;
  std::size_t in_flight_ = 0;
  int refused_ = 0;
  std::size_t received_[2] = {0, 0};
  std::string complaint_;
};

std::string random_topic() {
  std::random_device random;
  return "sluice/doctor/" + std::to_string(random()) + std::to_string(random());
}

}  // namespace

Trial::Trial(Options options) : options_(std::move(options)) {
  options_.client_id += "-doctor";
}

Result<std::string> Trial::connect() {
  auto visitor = Visitor::connect(options_, options_.client_id, 5, true);
  if (visitor) return std::string("5");
  auto older = Visitor::connect(options_, options_.client_id, 4, true);
  if (!older) return visitor.error();
  level_ = 4;
  return std::string("3.1.1");
}

Result<> Trial::subscribe() {
  auto visitor = Visitor::connect(options_, options_.client_id, level_, true);
  if (!visitor) return visitor.error();
  return (*visitor)->subscribe(options_.filters);
}

Result<Trial::Kept> Trial::keep_while_away() {
  const std::string topic = random_topic();
  {
    auto away = Visitor::connect(options_, options_.client_id, level_, false);
    if (!away) return away.error();
    if (Result<> done = (*away)->subscribe({topic + "/#"}); !done) return done.error();
  }
  Kept kept;
  {
    auto device = Visitor::connect(options_, options_.client_id + "-device", level_, true);
    if (!device) return device.error();
    if (Result<> sent = (*device)->publish(topic, 0); !sent) return sent.error();
    kept.qos0_sent = 1;
    for (; kept.qos1_sent < messages; ++kept.qos1_sent)
      if (Result<> sent = (*device)->publish(topic, 1); !sent) return sent.error();
    if (Result<> done = (*device)->flush(); !done) return done.error();
  }
  {
    auto back = Visitor::connect(options_, options_.client_id, level_, false);
    if (!back) return back.error();
    (*back)->receive(kept.qos0_sent + kept.qos1_sent);
    kept.qos0 = (*back)->received(0);
    kept.qos1 = (*back)->received(1);
  }
  auto last = Visitor::connect(options_, options_.client_id, level_, true);  // a clean start ends the session
  if (!last) return last.error();
  return kept;
}

}  // namespace sluice::local_broker
