#include "gateway/app/gateway.h"

#include <condition_variable>
#include <utility>

#include <pthread.h>

#include "gateway/app/api_token.h"
#include "gateway/app/cloud_sinks.h"
#include "gateway/app/kept_filters.h"
#include "gateway/app/paths.h"
#include "gateway/app/stop_signal.h"
#include "gateway/app/version.h"

namespace sluice::app {

namespace {

using std::chrono::seconds;

constexpr Duration step_interval = seconds(1);
constexpr Duration stop_max = seconds(4);
constexpr Duration stop_most = Duration(4700);  ///< whatever hangs
constexpr Duration api_retry = seconds(30);
constexpr Duration source_silence_max =
    seconds(45);  ///< a name lookup may take that long; a hang does not count as work

/// Rests, but not beyond a stop.
void rest(Duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, time, [] { return false; });
}

flow::Ingest::Options ingest_options(const Config& config) {
  flow::Ingest::Options options;
  options.gateway_id = config.gateway_id;
  options.ignore_retained = config.local_broker.ignore_retained;
  for (const auto& cloud : config.clouds) {
    options.keep_payloads |= cloud.only.originals;
    if (cloud.topic_levels.find(config.gateway_id) != std::string::npos)
      options.own_topics.push_back(cloud.topic_levels);
  }
  return options;
}

}  // namespace

Gateway::Gateway(Config config, const Clock& clock, Log& log)
    : config_(std::move(config)), clock_(clock), log_(log), started_(clock.now()), ids_(clock) {}

Gateway::~Gateway() = default;

Result<std::unique_ptr<Gateway>> Gateway::open(Config config, const Clock& clock, Log& log) {
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(config), clock, log));
  // The store comes last of what can be refused: a wrong configuration leaves nothing behind and forgets no cloud.
  if (auto done = gateway->open_schemas(); !done) return done.error();
  if (auto done = gateway->open_sinks(); !done) return done.error();
  if (auto done = gateway->open_store(); !done) return done.error();
  if (auto done = gateway->open_flow(); !done) return done.error();
  return gateway;
}

Result<> Gateway::open_schemas() {
  normalize::Problems problems;
  normalize::Library::Sources sources = config_.schemas;
  sources.shipped = shipped_schemas();
  auto library = normalize::Library::load(sources, problems);
  if (library) check_commands(config_.commands, normalize::Commands(library), problems);
  if (!library || !problems.empty()) return config_error(problems.text());
  library_ = library;

  filters_ = config_.local_broker.filters;
  if (config_.subscribe_auto)
    filters_ = config_.unmatched == normalize::Unmatched::ignore ? library->filters() : std::vector<std::string>{"#"};
  if (filters_.empty())
    return config_error("nothing to subscribe to: no schema is in use, and schemas.unmatched is 'ignore'");
  normalizer_ = std::make_unique<normalize::Normalizer>(
      std::move(library), normalize::Normalizer::Options{config_.unmatched, config_.timezone});
  return {};
}

Result<> Gateway::open_sinks() {
  for (const auto& cloud : config_.clouds) {
    auto ends = make_ends(cloud, clock_, log_);
    if (!ends) return config_error("cloud '" + cloud.name + "': " + ends.error().message);
    clouds_.push_back({std::move(ends->sink), ends->source, nullptr});
  }
  return {};
}

Result<> Gateway::open_store() {
  auto store = store::Store::open(config_.store, clock_, log_);
  if (!store) return store.error();
  store_ = std::move(*store);
  std::vector<std::string> names;
  for (const auto& cloud : config_.clouds) names.push_back(cloud.name);
  const auto forgotten = store_->keep_clouds(names);
  if (!forgotten) return forgotten.error();
  for (const auto& [cloud, backlog] : *forgotten)
    log_.warning("gateway", "cloud '" + cloud + "' is gone from the configuration; " + std::to_string(backlog) +
                                " records that waited for it are let go");
  return {};
}

Result<> Gateway::open_flow() {
  auto former = keep_filters(config_.store.data_dir, filters_);
  if (!former) return former.error();
  local_broker::Options options = config_.local_broker;
  options.filters = filters_;
  options.former_filters = std::move(*former);
  source_ = std::make_unique<local_broker::MqttSource>(std::move(options), clock_, log_);
  devices_ = std::make_unique<flow::Devices>(*store_, clock_, log_);
  ingest_ =
      std::make_unique<flow::Ingest>(ingest_options(config_), *normalizer_, *store_, *devices_, ids_, clock_, log_);
  replay_ = std::make_unique<flow::Replay>([this] { return reading(); }, *store_, ids_, clock_, log_);
  quarantine_pages_ = std::make_unique<QuarantinePages>("/sluice/" + config_.gateway_id, *store_, *replay_);
  for (std::size_t i = 0; i < clouds_.size(); ++i)
    clouds_[i].delivery =
        std::make_unique<flow::Delivery>(delivery_options(config_.clouds[i]), *store_, *clouds_[i].sink, clock_, log_);
  notices_ = std::make_unique<flow::Notices>(config_.gateway_id, *store_, ids_, clock_, log_);
  return open_downlink();
}

Result<> Gateway::open_downlink() {
  std::vector<Downlink::Source> sources;
  for (std::size_t i = 0; i < clouds_.size(); ++i)
    if (clouds_[i].source != nullptr) sources.push_back({config_.clouds[i].name, clouds_[i].source});
  auto downlink = Downlink::open(config_, library_, std::move(sources), *store_, *devices_, ids_, clock_, log_);
  if (!downlink) return downlink.error();
  downlink_ = std::move(*downlink);
  return {};
}

void Gateway::open_api() {
  if (server_ || (server_tried_ != Instant{} && clock_.now() - server_tried_ < api_retry)) return;
  const bool first = server_tried_ == Instant{};
  server_tried_ = clock_.now();
  auto server = api::HttpServer::start(config_.api.listen, {},
                                       [this](const api::Request& request) { return api_->answer(request); });
  if (server) {
    server_ = std::move(*server);
    log_.info("api", "listening on " + config_.api.listen);
  } else if (first) {
    log_.error("api", server.error().message + "; telemetry goes on without the HTTP interface, which is tried again");
  }
}

bool Gateway::run() {
  log_.info("gateway", "sluice " + std::string(version_text) + " starts as '" + config_.gateway_id + "'");
  api::Api::Options api_options{config_.api.token, config_.api.hosts};
  if (api_options.token.empty()) {
    if (auto token = kept_api_token(config_.store.data_dir))
      api_options.token = std::move(*token);
    else
      log_.warning("api", token.error().message);
  }
  api_ = std::make_unique<api::Api>(
      std::move(api_options), [this] { return picture(); }, downlink_->doors(), &log_, quarantine_pages_->doors());
  start();
  notify_.ready();

  StopSignal signal(stop_most, [this] {
    log_.warning("gateway", "the disk hangs; ending without it (nothing acknowledged is lost)");
  });
  while (!signal.wait(step_interval)) step();
  return stop();
}

void Gateway::start() {
  open_api();
  start_thread("local_broker", [this] {
    if (const auto ended = source_->run(*ingest_, stop_.get_token()); !ended)
      log_.error("local_broker", ended.error().message);
  });
  downlink_->start([this](std::string name, std::function<void()> body) { start_thread(name, std::move(body)); },
                   stop_.get_token());
  for (Cloud& cloud : clouds_) {
    start_thread(cloud.delivery->cloud(), [this, &cloud] { deliver(*cloud.delivery); });
    start_thread("link " + cloud.delivery->cloud(), [this, &cloud] { cloud.sink->keep(stop_.get_token()); });
  }
}

void Gateway::start_thread(std::string name, std::function<void()> body) {
  running_ += 1;
  std::thread& thread = threads_.emplace_back([this, body = std::move(body)] {
    body();
    running_ -= 1;
    running_.notify_all();
  });
  name.resize(std::min<std::size_t>(name.size(), 15));  // the kernel's limit
  pthread_setname_np(thread.native_handle(), name.c_str());
}

void Gateway::deliver(flow::Delivery& delivery) {
  const std::stop_token stop = stop_.get_token();
  while (!stop.stop_requested()) {
    const Duration time = delivery.step(stop);
    if (time <= Duration(0)) continue;
    if (delivery.backing_off())
      rest(time, stop);
    else
      store_->wait(delivery.cloud(), time, delivery.taken());
  }
}

void Gateway::step() {
  auto dropped = store_->step();
  if (!dropped) log_.error("store", dropped.error().message);
  for (Cloud& cloud : clouds_) cloud.delivery->look();
  notices_->step(dropped ? *dropped : std::vector<store::Store::Dropped>{}, cloud_states());
  if (const auto mended = store_->take_mended()) notices_->tell_mended(*mended);
  open_api();
  feed_watchdog();
}

void Gateway::feed_watchdog() {
  if (notify_.watchdog_interval() == Duration(0) || clock_.now() - fed_ < notify_.watchdog_interval()) return;
  if (clock_.now() - source_->last_step() > source_silence_max) return;
  fed_ = clock_.now();
  notify_.alive();
  const store::Snapshot snapshot = store_->snapshot();
  notify_.status(std::to_string(snapshot.messages.received()) + " messages received, " +
                 std::to_string(snapshot.stored) + " records stored");
}

bool Gateway::stop() {
  log_.info("gateway", "stopping");
  notify_.stopping();
  stop_.request_stop();
  store_->wake();
  downlink_->stop();
  server_.reset();
  const Instant deadline = clock_.now() + stop_max;
  while (running_ > 0 && clock_.now() < deadline) {
    store_->wake();
    rest(Duration(10), {});
  }
  if (running_ > 0) {
    if (const auto flushed = store_->step(); !flushed) log_.error("store", flushed.error().message);
    log_.warning("gateway", "a connection attempt hangs; ending without it (nothing acknowledged is lost)");
    return false;
  }
  for (std::thread& thread : threads_) thread.join();
  log_.info("gateway", "stopped");
  return true;
}

std::vector<flow::CloudState> Gateway::cloud_states() const {
  std::vector<flow::CloudState> states;
  for (const Cloud& cloud : clouds_) states.push_back(cloud.delivery->state());
  return states;
}

flow::Replay::Reading Gateway::reading() const {
  return {library_, {config_.unmatched, config_.timezone}, ingest_options(config_).keep_payloads};
}

api::Picture Gateway::picture() const {
  api::Picture picture;
  picture.gateway_id = config_.gateway_id;
  picture.version = version_text;
  picture.uptime_s = std::chrono::floor<seconds>(clock_.now() - started_).count();
  picture.taken_at = clock_.wall_time();
  picture.clock_synced = clock_.synced();
  const local_broker::State broker = source_->state();
  picture.broker = {broker.connected,         broker.subscribed, broker.since,
                    ingest_->sessions_lost(), broker.last_error, broker.protocol};
  picture.store = store_->snapshot();
  picture.commits = store_->commit_times();
  picture.clouds = cloud_states();
  picture.store_error = store_->last_error();
  return picture;
}

}  // namespace sluice::app
