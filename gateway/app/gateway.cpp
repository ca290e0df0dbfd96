#include "gateway/app/gateway.h"

#include <algorithm>
#include <utility>

#include "gateway/app/api_token.h"
#include "gateway/app/cloud_sinks.h"
#include "gateway/app/kept_filters.h"
#include "gateway/app/reload_page.h"
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

/// Clouds as they are, and what is counted of them, in one order: between two looks either may have changed.
void pair_up(api::Picture& picture) {
  std::vector<store::CloudCounts> counts;
  std::vector<flow::CloudState> states;
  for (flow::CloudState& state : picture.clouds) {
    const auto found = std::ranges::find(picture.store.clouds, state.name, &store::CloudCounts::name);
    if (found == picture.store.clouds.end()) continue;
    counts.push_back(std::move(*found));
    states.push_back(std::move(state));
  }
  picture.store.clouds = std::move(counts);
  picture.clouds = std::move(states);
}

}  // namespace

Gateway::Gateway(Setup setup, const Clock& clock, ConsoleLog& log)
    : setup_(std::make_shared<const Setup>(std::move(setup))),
      gateway_id_(setup_->config.gateway_id),
      clock_(clock),
      log_(log),
      started_(clock.now()),
      ids_(clock),
      desk_([this] { signal_->wake(); }) {}

Gateway::~Gateway() = default;

Result<std::unique_ptr<Gateway>> Gateway::open(Setup setup, const Clock& clock, ConsoleLog& log) {
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(setup), clock, log));
  // The store comes last of what can be refused: a wrong configuration leaves nothing behind and forgets no cloud.
  auto parts = gateway->cloud_parts();
  if (!parts) return parts.error();
  if (auto done = gateway->open_store(); !done) return done.error();
  if (auto done = gateway->open_flow(std::move(*parts)); !done) return done.error();
  return gateway;
}

Result<std::vector<Clouds::Part>> Gateway::cloud_parts() const {
  std::vector<Clouds::Part> parts;
  for (const Cloud& cloud : setup_->config.clouds) {
    auto ends = make_ends(cloud, clock_, log_);
    if (!ends) return config_error("cloud '" + cloud.name + "': " + ends.error().message);
    parts.push_back({cloud, std::move(*ends)});
  }
  return parts;
}

std::shared_ptr<const Setup> Gateway::setup() const {
  const std::lock_guard lock(setup_mutex_);
  return setup_;
}

Result<> Gateway::open_store() {
  auto store = store::Store::open(setup_->config.store, clock_, log_);
  if (!store) return store.error();
  store_ = std::move(*store);
  return {};
}

Result<> Gateway::open_flow(std::vector<Clouds::Part> parts) {
  auto former = keep_filters(setup_->config.store.data_dir, setup_->filters);
  if (!former) return former.error();
  source_ = std::make_unique<local_broker::MqttSource>(setup_->telemetry(std::move(*former)), clock_, log_);
  devices_ = std::make_unique<flow::Devices>(*store_, clock_, log_);
  ingest_ =
      std::make_unique<flow::Ingest>(setup_->ingest(), setup_->normalizer(), *store_, *devices_, ids_, clock_, log_);
  replay_ = std::make_unique<flow::Replay>([this] { return setup()->reading(); }, *store_, ids_, clock_, log_);
  quarantine_pages_ = std::make_unique<QuarantinePages>("/sluice/" + gateway_id_, *store_, *replay_);
  notices_ = std::make_unique<flow::Notices>(gateway_id_, *store_, ids_, clock_, log_);
  auto downlink = Downlink::open(*setup_, *store_, *devices_, ids_, clock_, log_);
  if (!downlink) return downlink.error();
  downlink_ = std::move(*downlink);
  clouds_ = std::make_unique<Clouds>(*store_, downlink_->acceptor(), clock_, log_);
  downlink_->on_owed([this] { clouds_->wake_answers(); });
  if (auto done = clouds_->admit(parts); !done) return done.error();
  clouds_->change(std::move(parts));
  return {};
}

void Gateway::open_api() {
  if (server_ || (server_tried_ != Instant{} && clock_.now() - server_tried_ < api_retry)) return;
  const bool first = server_tried_ == Instant{};
  server_tried_ = clock_.now();
  auto server = api::HttpServer::start(setup_->config.api.listen, {},
                                       [this](const api::Request& request) { return api_->answer(request); });
  if (server) {
    server_ = std::move(*server);
    log_.info("api", "listening on " + setup_->config.api.listen);
  } else if (first) {
    log_.error("api", server.error().message + "; telemetry goes on without the HTTP interface, which is tried again");
  }
}

std::string Gateway::api_token(const Config& config) const {
  if (!config.api.token.empty()) return config.api.token;
  auto token = kept_api_token(config.store.data_dir);
  if (token) return std::move(*token);
  log_.warning("api", token.error().message);
  return {};
}

bool Gateway::run() {
  log_.info("gateway", "sluice " + std::string(version_text) + " starts as '" + gateway_id_ + "'");
  signal_ = std::make_unique<StopSignal>(
      stop_most,
      [this] { log_.warning("gateway", "the disk hangs; ending without it (nothing acknowledged is lost)"); },
      [this] { desk_.note(); });
  api_ = std::make_unique<api::Api>(
      api::Api::Options{api_token(setup_->config), setup_->config.api.hosts}, [this] { return picture(); },
      downlink_->doors(), &log_, quarantine_pages_->doors());
  api_->on_reload([this] { return reload_page(desk_.ask()); });
  start();
  notify_.ready();
  while (!signal_->wait(step_interval) && !damaged()) {
    desk_.serve([this] { return reload(); });
    step();
  }
  const bool ended = stop();
  signal_.reset();
  return ended;
}

void Gateway::start() {
  open_api();
  threads_.start("local_broker", [this](std::stop_token stop) {
    if (const auto ended = source_->run(*ingest_, std::move(stop)); !ended)
      log_.error("local_broker", ended.error().message);
  });
  downlink_->start(threads_);
  clouds_->step();
}

void Gateway::step() {
  auto dropped = store_->step();
  if (!dropped) log_.error("store", dropped.error().message);
  clouds_->step();
  notices_->step(dropped ? *dropped : std::vector<store::Store::Dropped>{}, clouds_->states());
  if (const auto mended = store_->take_mended()) notices_->tell_mended(*mended);
  if (const auto saved = store_->take_salvaged()) notices_->tell_salvaged(*saved);
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
  threads_.request_stop();
  clouds_->request_stop();
  downlink_->stop();
  desk_.close();
  server_.reset();
  const auto ended = [this] { return threads_.ended() && clouds_->ended(); };
  const Instant deadline = clock_.now() + stop_max;
  while (!ended() && clock_.now() < deadline) {
    store_->wake();
    rest(Duration(10), {});
  }
  if (!ended()) {
    if (const auto flushed = store_->step(); !flushed) log_.error("store", flushed.error().message);
    log_.warning("gateway", "a connection attempt hangs; ending without it (nothing acknowledged is lost)");
    return false;
  }
  log_.info("gateway", "stopped");
  return true;
}

api::Picture Gateway::picture() const {
  api::Picture picture;
  picture.gateway_id = gateway_id_;
  picture.version = version_text;
  picture.uptime_s = std::chrono::floor<seconds>(clock_.now() - started_).count();
  picture.taken_at = clock_.wall_time();
  picture.clock_synced = clock_.synced();
  const local_broker::State broker = source_->state();
  picture.broker = {broker.connected,         broker.subscribed, broker.since,
                    ingest_->sessions_lost(), broker.last_error, broker.protocol};
  picture.store = store_->snapshot();
  picture.commits = store_->commit_times();
  picture.clouds = clouds_->states();
  picture.store_error = store_->last_error();
  pair_up(picture);
  return picture;
}

}  // namespace sluice::app
