// The ceiling a gateway is measured against: a subscriber that acknowledges and counts, and does nothing else. Its loop
// is the gateway's own (read all that is there, then write the acknowledgements) without a store behind it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>

namespace {

using Clock = std::chrono::steady_clock;

struct Plan {
  std::string host = "127.0.0.1", client_id = "counter", filter = "#", ca_file;
  int port = 1883;
  std::uint64_t count = 10000;
  bool only_session = false;
};

Plan read_plan(int argc, char** argv) {
  Plan plan;
  CLI::App app{"counts messages, and what they took from \"sent_us\" in their payload to here"};
  app.add_option("--host", plan.host);
  app.add_option("--port", plan.port);
  app.add_option("--ca-file", plan.ca_file, "speak TLS and trust this authority");
  app.add_option("--client-id", plan.client_id, "of a session that the broker keeps");
  app.add_option("--filter", plan.filter);
  app.add_option("--count", plan.count, "ends after so many");
  app.add_flag("--only-session", plan.only_session, "subscribes and leaves: the broker keeps messages from here on");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return plan;
}

class Counter {
 public:
  explicit Counter(Plan plan) : plan_(std::move(plan)) {
    client_ = mosquitto_new(plan_.client_id.c_str(), false, this);
    mosquitto_threaded_set(client_, true);
    mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
    if (!plan_.ca_file.empty()) mosquitto_tls_set(client_, plan_.ca_file.c_str(), nullptr, nullptr, nullptr, nullptr);
    mosquitto_connect_callback_set(client_,
                                   [](mosquitto*, void* self, int) { static_cast<Counter*>(self)->subscribe(); });
    mosquitto_subscribe_callback_set(
        client_, [](mosquitto*, void* self, int, int, const int*) { static_cast<Counter*>(self)->subscribed_ = true; });
    mosquitto_message_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* message) {
      static_cast<Counter*>(self)->count(*message);
    });
  }
  ~Counter() { mosquitto_destroy(client_); }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  bool run() {
    if (connect() != MOSQ_ERR_SUCCESS) return false;
    while (!subscribed_ || (!plan_.only_session && counted_ < plan_.count)) {
      if (!turn()) return false;
      if (subscribed_ && !told_) told_ = std::fprintf(stderr, "subscribed\n") > 0;
    }
    mosquitto_loop_write(client_, 1);
    mosquitto_disconnect(client_);
    mosquitto_loop_write(client_, 1);
    return true;
  }

  void report() {
    const double seconds = std::chrono::duration<double>(last_ - first_).count();
    std::printf("{\"received\":%llu,\"seconds\":%.3f,\"rate\":%.0f", static_cast<unsigned long long>(counted_), seconds,
                seconds > 0 ? static_cast<double>(counted_) / seconds : 0);
    if (!delays_us_.empty()) {
      std::sort(delays_us_.begin(), delays_us_.end());
      std::printf(",\"p50_ms\":%.3f,\"p99_ms\":%.3f", percentile(50), percentile(99));
    }
    std::printf("}\n");
  }

 private:
  int connect() {
    mosquitto_property* properties = nullptr;
    mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 3600);
    mosquitto_property_add_int16(&properties, MQTT_PROP_RECEIVE_MAXIMUM, 1000);
    const int code = mosquitto_connect_bind_v5(client_, plan_.host.c_str(), plan_.port, 60, nullptr, properties);
    mosquitto_property_free_all(&properties);
    return code;
  }

  void subscribe() { mosquitto_subscribe(client_, nullptr, plan_.filter.c_str(), 1); }

  void count(const mosquitto_message& message) {
    last_ = Clock::now();
    if (counted_++ == 0) first_ = last_;
    static constexpr std::string_view key = "\"sent_us\":";
    const std::string_view payload(static_cast<const char*>(message.payload),
                                   static_cast<std::size_t>(message.payloadlen));
    const auto at = payload.find(key);
    if (at == std::string_view::npos) return;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    delays_us_.push_back(now_us - std::atoll(payload.data() + at + key.size()));
  }

  double percentile(std::size_t hundredth) const {
    return static_cast<double>(delays_us_[(delays_us_.size() - 1) * hundredth / 100]) / 1000;
  }

  bool turn() {
    pollfd socket{mosquitto_socket(client_), POLLIN, 0};
    if (mosquitto_want_write(client_)) socket.events |= POLLOUT;
    poll(&socket, 1, 100);
    if ((socket.revents & POLLIN) != 0 && mosquitto_loop_read(client_, 1) != MOSQ_ERR_SUCCESS) return false;
    return mosquitto_loop_write(client_, 1) == MOSQ_ERR_SUCCESS && mosquitto_loop_misc(client_) == MOSQ_ERR_SUCCESS;
  }

  Plan plan_;
  mosquitto* client_ = nullptr;
  bool subscribed_ = false, told_ = false;
  std::uint64_t counted_ = 0;
  Clock::time_point first_, last_;
  std::vector<long long> delays_us_;
};

}  // namespace

int main(int argc, char** argv) {
  mosquitto_lib_init();
  Counter counter(read_plan(argc, argv));
  if (!counter.run()) {
    std::fprintf(stderr, "counter: the broker cannot be reached, or is gone\n");
    return 69;
  }
  counter.report();
  mosquitto_lib_cleanup();
  return 0;
}
