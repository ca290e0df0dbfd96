#include "gateway/app/downlink.h"

#include "gateway/app/device_pages.h"

namespace sluice::app {

namespace {

constexpr std::size_t commands_shown = 100;

/// Where nothing is allowed, nothing can be sent.
class NoSink final : public CommandSink {
 public:
  void run(CommandListener&, std::stop_token) override {}
  bool ready() const override { return false; }
  Sent publish(const CommandPublish&, std::stop_token) override { return Sent::not_sent; }
};

}  // namespace

Downlink::Downlink(const Config& config, std::shared_ptr<const normalize::Library> library, flow::Devices& devices,
                   const Clock&, Log& log)
    : anything_allowed_(!config.commands.allow.empty()),
      commands_(library),
      replies_(std::move(library), {normalize::Unmatched::ignore, config.timezone}),
      devices_(devices),
      log_(log) {}

Result<std::unique_ptr<Downlink>> Downlink::open(const Config& config,
                                                 std::shared_ptr<const normalize::Library> library,
                                                 std::vector<Source> sources, store::Store& store,
                                                 flow::Devices& devices, RecordIds& ids, const Clock& clock, Log& log) {
  static NoSink nowhere;
  std::unique_ptr<Downlink> made(new Downlink(config, std::move(library), devices, clock, log));
  flow::Permission permission(config.commands.allow);
  CommandSink* sink = &nowhere;
  if (made->anything_allowed_) {
    local_broker::Options options = config.local_broker;
    options.client_id += "-commands";
    made->sink_ = std::make_unique<local_broker::MqttCommandSink>(
        std::move(options), flow::filters_of(permission, made->commands_), clock, log);
    sink = made->sink_.get();
  }
  made->dispatch_ = std::make_unique<flow::Dispatch>(
      flow::Dispatch::Options{config.gateway_id, config.commands.expire_after, config.commands.groups},
      std::move(permission), made->commands_, made->replies_, devices, store, *sink, ids, clock, log);
  if (auto done = made->dispatch_->recover(); !done) return done.error();
  for (Source& source : sources) {
    source.source->open(*made->dispatch_);
    auto answers = std::make_unique<flow::Answers>(source.cloud, store, *source.source, clock, log);
    made->tellers_.push_back({std::move(source), std::move(answers)});
  }
  made->dispatch_->on_owed([tellers = &made->tellers_] {
    for (const Teller& teller : *tellers) teller.answers->wake();
  });
  devices.on_online([dispatch = made->dispatch_.get()] { dispatch->wake(); });
  return made;
}

void Downlink::start(const StartThread& start_thread, std::stop_token stop) {
  start_thread("commands", [this, stop] {
    while (!stop.stop_requested()) dispatch_->wait(dispatch_->step(stop));
  });
  if (sink_) start_thread("to devices", [this, stop] { sink_->run(*dispatch_, stop); });
  for (Teller& teller : tellers_) {
    start_thread("poll " + teller.source.cloud, [&teller, stop] { teller.source.source->poll(stop); });
    start_thread("tell " + teller.source.cloud, [&teller, stop] {
      while (!stop.stop_requested()) teller.answers->wait(teller.answers->step(stop));
    });
  }
}

void Downlink::stop() {
  dispatch_->stop();
  for (Teller& teller : tellers_) teller.answers->wake();
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
    return device_json(*device, commands_);
  };
  return doors;
}

}  // namespace sluice::app
