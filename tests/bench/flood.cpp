// A publisher for load: numbered messages at a rate or as fast as the broker takes them. Ends when every QoS 1 message
// is acknowledged, and says on stdout, as one line of JSON, what it did. Survives a broker that goes away: libmosquitto
// keeps what is not acknowledged and sends it again.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>
#include <mosquitto.h>

namespace {

using Clock = std::chrono::steady_clock;

struct Plan {
  std::string host = "127.0.0.1", ca_file, username, password, client_id;
  int port = 1883, qos = 1, devices = 10, window = 1000;
  std::uint64_t count = 10000, first = 0;
  double rate = 0;
  // What a Tasmota socket says of itself; the counter carries the number.
  std::string topic = "tele/flood{d}/SENSOR";
  std::string payload =
      R"({"Time":"2026-03-01T10:00:00","ENERGY":{"TotalStartTime":"2025-01-01T00:00:00","Total":1234.567,"Yesterday":1.234,)"
      R"("Today":0.567,"Power":123,"ApparentPower":130,"ReactivePower":12,"Factor":0.95,"Voltage":230,"Current":0.535},)"
      R"("COUNTER":{"C1":{n}}})";
};

Plan read_plan(int argc, char** argv) {
  Plan plan;
  CLI::App app{"publishes numbered messages; {n} is the number, {d} the device, {t} the time of day in microseconds"};
  app.add_option("--host", plan.host);
  app.add_option("--port", plan.port);
  app.add_option("--ca-file", plan.ca_file, "speak TLS and trust this authority");
  app.add_option("--username", plan.username);
  app.add_option("--password", plan.password);
  app.add_option("--client-id", plan.client_id);
  app.add_option("--count", plan.count, "how many messages");
  app.add_option("--first", plan.first, "the number of the first one");
  app.add_option("--rate", plan.rate, "messages a second; 0: as fast as they are acknowledged");
  app.add_option("--devices", plan.devices, "device = number modulo this");
  app.add_option("--qos", plan.qos);
  app.add_option("--window", plan.window, "unacknowledged messages at most");
  app.add_option("--topic", plan.topic);
  app.add_option("--payload", plan.payload);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return plan;
}

void replace(std::string& text, std::string_view placeholder, const std::string& value) {
  const auto at = text.find(placeholder);
  if (at != std::string::npos) text.replace(at, placeholder.size(), value);
}

class Flood {
 public:
  explicit Flood(Plan plan) : plan_(std::move(plan)) {
    client_ = mosquitto_new(plan_.client_id.empty() ? nullptr : plan_.client_id.c_str(), plan_.client_id.empty(), this);
    mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_max_inflight_messages_set(client_, static_cast<unsigned>(plan_.window));
    mosquitto_publish_callback_set(client_,
                                   [](mosquitto*, void* self, int) { ++static_cast<Flood*>(self)->acknowledged_; });
    mosquitto_connect_callback_set(
        client_, [](mosquitto*, void* self, int code) { static_cast<Flood*>(self)->connected_ = code == 0; });
    mosquitto_disconnect_callback_set(
        client_, [](mosquitto*, void* self, int) { static_cast<Flood*>(self)->connected_ = false; });
    if (!plan_.username.empty()) mosquitto_username_pw_set(client_, plan_.username.c_str(), plan_.password.c_str());
    if (!plan_.ca_file.empty()) mosquitto_tls_set(client_, plan_.ca_file.c_str(), nullptr, nullptr, nullptr, nullptr);
  }
  ~Flood() { mosquitto_destroy(client_); }
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  bool run() {
    if (mosquitto_connect(client_, plan_.host.c_str(), plan_.port, 60) != MOSQ_ERR_SUCCESS) return false;
    heard_at_ = Clock::now();
    while (!connected_) {
      turn(100);
      look_for_silence();
    }
    began_ = Clock::now();
    while (acknowledged_ < plan_.count) {
      while (published_ < plan_.count && due() && connected_) publish();
      turn(plan_.rate > 0 ? 1 : 0);
      look_for_silence();
    }
    ended_ = Clock::now();
    mosquitto_disconnect(client_);
    return true;
  }

  void report() const {
    const double seconds = std::chrono::duration<double>(ended_ - began_).count();
    std::printf("{\"published\":%llu,\"acknowledged\":%llu,\"seconds\":%.3f,\"rate\":%.0f}\n",
                static_cast<unsigned long long>(published_), static_cast<unsigned long long>(acknowledged_), seconds,
                static_cast<double>(acknowledged_) / seconds);
  }

 private:
  bool due() const {
    if (published_ - acknowledged_ >= static_cast<std::uint64_t>(plan_.window)) return false;
    if (plan_.rate <= 0) return true;
    return std::chrono::duration<double>(Clock::now() - began_).count() * plan_.rate >= static_cast<double>(published_);
  }

  void publish() {
    const auto number = plan_.first + published_;
    topic_ = plan_.topic;
    payload_ = plan_.payload;
    const auto device = std::to_string(number % static_cast<std::uint64_t>(plan_.devices));
    replace(topic_, "{d}", device);
    replace(payload_, "{d}", device);
    replace(payload_, "{n}", std::to_string(number));
    if (payload_.find("{t}") != std::string::npos) {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      replace(payload_, "{t}", std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
    }
    const int code = mosquitto_publish(client_, nullptr, topic_.c_str(), static_cast<int>(payload_.size()),
                                       payload_.data(), plan_.qos, false);
    // Without a connection it is queued and goes out later.
    const bool lost = code == MOSQ_ERR_CONN_LOST || code == MOSQ_ERR_NO_CONN || code == MOSQ_ERR_ERRNO;
    if (code == MOSQ_ERR_SUCCESS || (lost && plan_.qos > 0)) ++published_;
    if (code != MOSQ_ERR_SUCCESS) connected_ = false;
  }

  void turn(int wait_ms) {
    if (mosquitto_loop(client_, wait_ms, 1) == MOSQ_ERR_SUCCESS) return;
    connected_ = false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    mosquitto_reconnect(client_);
  }

  /// A broker that is stopped in the wrong moment may leave a connection on which nothing comes any more.
  void look_for_silence() {
    const auto now = Clock::now();
    if (acknowledged_ != heard_) heard_at_ = now;
    heard_ = acknowledged_;
    const bool waiting = !connected_ || (plan_.qos > 0 && published_ != acknowledged_);
    if (!waiting || now - heard_at_ < std::chrono::seconds(10)) return;
    std::fprintf(stderr, "flood: nothing acknowledged for 10 s, %llu of %llu; connecting anew\n",
                 static_cast<unsigned long long>(acknowledged_), static_cast<unsigned long long>(published_));
    heard_at_ = now;
    mosquitto_reconnect(client_);
  }

  Plan plan_;
  mosquitto* client_ = nullptr;
  bool connected_ = false;
  std::uint64_t published_ = 0, acknowledged_ = 0, heard_ = 0;
  Clock::time_point began_, ended_, heard_at_;
  std::string topic_, payload_;
};

}  // namespace

int main(int argc, char** argv) {
  mosquitto_lib_init();
  Flood flood(read_plan(argc, argv));
  if (!flood.run()) {
    std::fprintf(stderr, "flood: cannot reach the broker\n");
    return 69;
  }
  flood.report();
  mosquitto_lib_cleanup();
  return 0;
}
