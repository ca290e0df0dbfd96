#pragma once

#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "gateway/core/time_text.h"
#include "gateway/flow/dispatch.h"
#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"
#include "tests/stage/temp_folder.h"

namespace sluice::flow {

/// While it lives no file of this process grows: every write of the store fails.
class FullDisk {
 public:
  FullDisk() {
    signal_before_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{0, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_before_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*signal_before_)(int) = SIG_DFL;
  rlimit before_{};
};

/// The way to the devices, as the test says.
class ScriptedSink final : public CommandSink {
 public:
  void run(CommandListener&, std::stop_token) override {}
  bool ready() const override { return is_ready; }
  Sent publish(const CommandPublish& publish, std::stop_token) override {
    published.push_back(publish);
    if (on_publish) on_publish(publish);
    return answer;
  }
  std::vector<std::string> payloads() const {
    std::vector<std::string> all;
    for (const CommandPublish& each : published) all.push_back(each.payload);
    return all;
  }

  bool is_ready = true;
  Sent answer = Sent::acknowledged;
  std::function<void(const CommandPublish&)> on_publish;
  std::vector<CommandPublish> published;
};

/// A plug that answers, with commands of every kind, and a command for any topic.
inline constexpr const char* plug_schema = R"(
family: plug
messages:
  - name: lwt
    topic: plug/{device}/lwt
    format: text
    kind: presence
    presence: { online: "on", offline: "off" }
  - name: result
    topic: plug/{device}/result
    format: json
    readings: { power: /POWER, error: /ERROR }
commands:
  power:
    topic: plug/{device}/set
    params: { state: { type: string, enum: ["ON", "OFF", TOGGLE] } }
    payload: "{state}"
    latest_wins: { state: ["ON", "OFF"] }
    reply: { message: result, has: power, is: "{state}", failed: { has: error }, within: 5s }
  ask:
    topic: plug/{device}/ask
    params: { n: { type: string } }
    payload: "{n}"
    reply: { message: result, has: power, within: 5s }
  beep:
    topic: plug/{device}/beep
    params: { n: { type: string, maxLength: 100 } }
    payload: "{n}"
  level:
    topic: plug/{device}/level
    params: { value: { type: integer, minimum: 0, maximum: 1000000 } }
    payload: "{value}"
    latest_wins: true
  reset:
    topic: plug/{device}/reset
    payload: now
    explicit: true
)";
inline constexpr const char* any_schema = R"(
family: any
commands:
  publish:
    topic: "{topic...}"
    params: { topic: { type: string, minLength: 1 }, payload: { type: string } }
    payload: "{payload}"
    explicit: true
)";

/// The whole way down on a real store, with the time and the devices in the test's hand; can be ended, or killed, and
/// begun again.
struct RoadDown {
  using Answers = std::vector<CommandAnswer>;

  RoadDown() {
    std::filesystem::create_directories(folder / "schemas");
    std::ofstream(folder / "schemas/any.yaml") << any_schema;
    read_schemas(plug_schema);
    store_options.data_dir = folder / "data";
    store_options.durability = store::Durability::process_crash;
  }

  void read_schemas(const std::string& plug) {
    std::ofstream(folder / "schemas/plug.yaml") << plug;
    normalize::Problems problems;
    library = normalize::Library::load({folder / "schemas", {}, {}}, problems);
    EXPECT_TRUE(library) << problems.text();
  }

  void open() {
    auto opened = store::Store::open(store_options, clock, log);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    ASSERT_TRUE(store->keep_clouds({"up", "cloud"}));
    devices = std::make_unique<Devices>(*store, clock, log);
    dispatch = std::make_unique<Dispatch>(options, rulebook(), *devices, *store, sink, ids, clock, log);
    const auto done = dispatch->recover();
    ASSERT_TRUE(done) << done.error().message;
  }
  std::shared_ptr<Rulebook> rulebook() const {
    return std::make_shared<Rulebook>(rules, Permission(allow), library, *devices, clock);
  }
  void end() {
    dispatch.reset();
    store.reset();
  }
  void open_again() {
    end();
    open();
  }
  /// The files as they lie on the disk now, in a folder of their own.
  std::filesystem::path copy_of_the_disk() {
    std::filesystem::path to = folder / ("life-" + std::to_string(++lives));
    std::filesystem::create_directories(to);
    for (const char* name : {"sluice.db", "sluice.db-wal"})
      std::filesystem::copy_file(store_options.data_dir / name, to / name);
    return to;
  }
  /// What follows works on these files.
  void live_on(const std::filesystem::path& with) {
    end();
    store_options.data_dir = with;
    open();
  }
  /// As kill -9 does now.
  void kill() { live_on(copy_of_the_disk()); }

  /// These devices have been heard.
  void know(const std::vector<std::string>& names, std::optional<bool> online = {}) {
    for (const std::string& name : names) {
      store::Batch batch;
      Record& record = batch.records.emplace_back();
      record.id = ids.next();
      record.device = name;
      record.schema = "plug/result";
      record.time = clock.wall_time();
      record.data = "{}";
      if (online) record.kind = RecordKind::presence;
      if (online) record.data = *online ? R"({"online":true})" : R"({"online":false})";
      devices->prepare(batch);
      ASSERT_TRUE(store->append(batch));
      devices->note(batch.records);
    }
    if (online == true) clock.advance(Duration(1000));  // they listen by then
  }

  static CommandMessage one(const std::string& id, const std::string& device, const std::string& name,
                            const std::string& params, const std::string& more = "") {
    CommandMessage message;
    message.text = R"({"id":")" + id + R"(","device":")" + device + R"(","command":")" + name + R"(","params":)" +
                   params + more + "}";
    return message;
  }
  static CommandMessage power(const std::string& id, const std::string& device = "plug/a",
                              const std::string& state = "ON") {
    return one(id, device, "power", R"({"state":")" + state + "\"}");
  }
  static CommandMessage beep(const std::string& id, const std::string& device = "plug/a",
                             const std::string& more = "") {
    return one(id, device, "beep", R"({"n":")" + id + "\"}", more);
  }
  static CommandMessage level(const std::string& id, int value, const std::string& device = "plug/a") {
    return one(id, device, "level", R"({"value":)" + std::to_string(value) + "}");
  }
  std::string until(Duration from_now) const {
    return R"(,"expires_at":")" + rfc3339(clock.wall_time() + from_now) + "\"";
  }

  Answers accept(const CommandMessage& message, const std::string& origin = "cloud") {
    const auto answers = dispatch->accept(origin, message);
    EXPECT_TRUE(answers) << answers.error().message;
    return answers ? *answers : Answers();
  }
  CommandAnswer give(const CommandMessage& message, const std::string& origin = "cloud") {
    const Answers answers = accept(message, origin);
    EXPECT_EQ(answers.size(), 1u);
    return answers.size() == 1 ? answers[0] : CommandAnswer();
  }
  void step() { dispatch->step({}); }
  void pass(Duration time) {
    clock.advance(time);
    step();
  }
  void hear(const std::string& device, const std::string& payload, bool retained = false,
            const std::string& message = "result") {
    Message heard;
    heard.topic = device + "/" + message;
    heard.payload = payload;
    heard.payload_size = payload.size();
    heard.retained = retained;
    heard.received_at = clock.wall_time();
    dispatch->heard(heard);
  }

  store::KeptCommand kept(const std::string& id) const {
    const auto found = store->find_command(id);
    EXPECT_TRUE(found && *found) << id;
    return found && *found ? **found : store::KeptCommand();
  }
  std::string state(const std::string& id) const {
    const store::KeptCommand command = kept(id);
    return std::string(name_of(command.progress.state)) + (command.progress.ended ? "" : " for now");
  }
  std::string reason(const std::string& id) const { return kept(id).progress.reason; }

  /// What goes up to the cloud "up", from the beginning.
  std::vector<Record> records(RecordKind kind) const {
    std::vector<Record> all;
    for (std::int64_t after = 0;;) {
      const auto page = store->read("up", {.after = after});
      EXPECT_TRUE(page);
      if (!page || page->records.empty()) return all;
      for (const Record& record : page->records)
        if (record.kind == kind) all.push_back(record);
      after = page->positions.back();
    }
  }
  std::size_t outcomes(const std::string& id) const {
    std::size_t count = 0;
    for (const Record& record : records(RecordKind::outcome))
      count += record.data.find("\"id\":\"" + id + "\"") != std::string::npos ? 1 : 0;
    return count;
  }
  std::vector<store::OwedAnswer> owed() const {
    const auto answers = store->owed_answers("cloud", 1000);
    EXPECT_TRUE(answers);
    return answers ? *answers : std::vector<store::OwedAnswer>();
  }

  stage::TempFolder folder;
  stage::FakeClock clock;
  stage::RecordingLog log;
  RecordIds ids{clock};
  std::shared_ptr<const normalize::Library> library;
  std::vector<Allow> allow = {{{"cloud", "api"}, "plug/*", {"*"}, {}}};
  Rulebook::Options rules{.timezone = "UTC"};
  Dispatch::Options options{.gateway_id = "home-pi"};
  store::Store::Options store_options;
  ScriptedSink sink;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Devices> devices;
  std::unique_ptr<Dispatch> dispatch;
  int lives = 0;
};

}  // namespace sluice::flow
