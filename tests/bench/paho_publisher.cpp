// A bare publisher on Paho MQTT C++: what a cloud's broker takes from a client that does nothing else. With
// --stuck-host it shows why Sluice's clouds are not built on it: a second client's name lookup, and how long the first
// one's acknowledgements stand still meanwhile.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>
#include <mqtt/async_client.h>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

/// Counts acknowledgements, and the longest time between two.
class Window final : public mqtt::iaction_listener {
 public:
  explicit Window(std::size_t size) : size_(size) {}
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ < size_; });
    ++in_flight_;
  }
  void drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ == 0; });
  }
  double longest_gap() const { return longest_gap_; }

  void on_success(const mqtt::token&) override {
    const std::lock_guard lock(mutex_);
    longest_gap_ = std::max(longest_gap_, seconds_since(last_));
    last_ = Clock::now();
    --in_flight_;
    changed_.notify_all();
  }
  void on_failure(const mqtt::token&) override {
    std::cerr << "a publish failed\n";
    std::exit(1);
  }

 private:
  const std::size_t size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t in_flight_ = 0;
  Clock::time_point last_ = Clock::now();
  double longest_gap_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  int port = 1883;
  int count = 100000;
  int window_size = 100;
  int rate = 0;
  std::string topic = "bare/{n}", stuck_host;
  std::size_t payload_size = 250;
  CLI::App app{"publishes with Paho MQTT C++ at QoS 1, and prints how fast it was"};
  app.add_option("--port", port);
  app.add_option("--count", count);
  app.add_option("--window", window_size, "unacknowledged messages at most");
  app.add_option("--rate", rate, "messages a second; 0: as fast as they are acknowledged");
  app.add_option("--payload-size", payload_size);
  app.add_option("--stuck-host", stuck_host, "a second client connects to this host meanwhile");
  CLI11_PARSE(app, argc, argv);

  mqtt::async_client client("tcp://127.0.0.1:" + std::to_string(port), "bare-publisher",
                            mqtt::create_options(MQTTVERSION_5));
  auto options = mqtt::connect_options_builder()
                     .mqtt_version(MQTTVERSION_5)
                     .clean_start(true)
                     .max_inflight(window_size)
                     .finalize();
  client.connect(options)->wait();
  Window window(static_cast<std::size_t>(window_size));
  const std::string payload(payload_size, 'x');

  std::thread second;
  if (!stuck_host.empty())
    second = std::thread([&stuck_host] {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      mqtt::async_client stuck("tcp://" + stuck_host + ":1883", "stuck");
      try {
        stuck.connect()->wait_for(std::chrono::seconds(15));
      } catch (const mqtt::exception&) {
      }
    });
  const auto began = Clock::now();
  for (int i = 0; i < count; ++i) {
    window.enter();
    client.publish(mqtt::make_message("bare/" + std::to_string(i % 20), payload, 1, false), nullptr, window);
    if (rate > 0)
      std::this_thread::sleep_until(
          began + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(double(i) / rate)));
  }
  window.drain();
  const double seconds = seconds_since(began);
  std::cout << "{\"published\":" << count << ",\"seconds\":" << seconds << ",\"rate\":" << count / seconds
            << ",\"longest_gap_s\":" << window.longest_gap() << "}" << std::endl;
  if (second.joinable()) second.join();
  client.disconnect()->wait();
}
