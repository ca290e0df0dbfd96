#include "gateway/app/downlink.h"

#include "gateway/app/device_pages.h"

namespace sluice::app {

namespace {

constexpr std::size_t commands_shown = 100;

}  // namespace

bool Downlink::Way::ready() const {
  const local_broker::MqttCommandSink* client = client_;
  return client != nullptr && client->ready();
}

CommandSink::Sent Downlink::Way::publish(const CommandPublish& publish, std::stop_token stop) {
  local_broker::MqttCommandSink* client = client_;
  return client == nullptr ? Sent::not_sent : client->publish(publish, std::move(stop));
}

void Downlink::Way::open(std::unique_ptr<local_broker::MqttCommandSink> client) {
  own_ = std::move(client);
  client_ = own_.get();
}

Result<std::unique_ptr<Downlink>> Downlink::open(const Setup& setup, store::Store& store, flow::Devices& devices,
                                                 RecordIds& ids, const Clock& clock, Log& log) {
  std::unique_ptr<Downlink> made(new Downlink(devices, clock, log));
  made->rules_ = setup.rulebook(devices, clock);
  made->open_way(setup);
  made->dispatch_ = std::make_unique<flow::Dispatch>(flow::Dispatch::Options{.gateway_id = setup.config.gateway_id},
                                                     made->rules_, devices, store, made->way_, ids, clock, log);
  if (auto done = made->dispatch_->recover(); !done) return done.error();
  devices.on_online([dispatch = made->dispatch_.get()] { dispatch->wake(); });
  return made;
}

void Downlink::open_way(const Setup& setup) {
  if (setup.config.commands.allow.empty()) return;
  way_.open(std::make_unique<local_broker::MqttCommandSink>(setup.commands(), rules_->filters, clock_, log_));
}

void Downlink::start(Threads& threads) {
  threads_ = &threads;
  threads.start("commands", [this](const std::stop_token& stop) {
    while (!stop.stop_requested()) dispatch_->wait(dispatch_->step(stop));
  });
  start_way();
}

void Downlink::start_way() {
  if (way_.client() != nullptr)
    threads_->start("to devices", [this](std::stop_token stop) { way_.run(*dispatch_, std::move(stop)); });
}

void Downlink::change(const Setup& setup, std::optional<local_broker::Line> line) {
  auto rules = setup.rulebook(devices_, clock_);
  {
    const std::lock_guard lock(mutex_);
    rules_ = rules;
  }
  // What replies come on is subscribed before anything goes out by the new rules.
  if (way_.client() != nullptr) {
    way_.client()->change(setup.commands(), rules->filters, std::move(line));
  } else {
    open_way(setup);
    start_way();
  }
  dispatch_->change(std::move(rules));
}

void Downlink::stop() {
  dispatch_->stop();
}

std::shared_ptr<const flow::Rulebook> Downlink::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

api::Downlink Downlink::doors() {
  api::Downlink doors;
  doors.command = [this](CommandMessage message) -> Result<CommandAnswer> {
    auto answers = dispatch_->accept("api", message);
    if (!answers) return answers.error();
    if (answers->empty()) return invalid("no command");
    return std::move(answers->front());
  };
  doors.look = [this](const std::string& id, Duration most) { return dispatch_->look(id, most); };
  doors.commands = [this] {
    std::string out = "[";
    for (const CommandAnswer& answer : dispatch_->latest(commands_shown))
      out += (out.size() > 1 ? "," : "") + answer.text;
    return out + "]";
  };
  doors.devices = [this] { return devices_json(devices_.all()); };
  doors.device = [this](const std::string& name) -> std::optional<std::string> {
    const auto device = devices_.find(name);
    if (!device) return std::nullopt;
    return device_json(*device, rules()->commands);
  };
  return doors;
}

}  // namespace sluice::app
