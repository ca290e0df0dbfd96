// The way down: commands come from everywhere, devices obey, or not.
#include <algorithm>
#include <utility>

#include "tests/simulation/world.h"

namespace sluice::simulation {

using namespace std::chrono_literals;

namespace {

const std::vector<std::string> plugs = {"plug/a", "plug/b", "plug/c"};
const std::vector<std::string> origins = {"red", "blue", "api"};

}  // namespace

void World::give() {
  history_.one_in(3) ? give_again() : give_new();
}

void World::give_again() {
  if (model_.commands.empty()) return;
  auto chosen = model_.commands.begin();
  std::advance(chosen, history_.up_to(static_cast<int>(model_.commands.size()) - 1));
  CommandMessage message = chosen->second.message;
  message.reply_to = chosen->second.origin == "api" ? "" : "r" + std::to_string(history_.up_to(2));
  const std::string id = chosen->first, origin = chosen->second.origin;
  hand_in(id, message, origin);
}

void World::give_new() {
  const std::string id = std::to_string(1000 + ++commands_);
  Given fresh{.origin = history_.one_of(origins)};
  std::string more;
  fresh.set_back = set_back_;
  Duration left = 60s;
  const bool synced = time_.synced();
  if (history_.one_in(2)) {
    left = 1s * history_.up_to(40);
    more = R"(,"expires_at":")" + rfc3339(time_.wall_time() + left) + "\"";
    fresh.end = time_.wall_time() + left;
    fresh.needs_clock = !synced;
  } else if (synced) {
    fresh.end = time_.wall_time() + left;
  }
  fresh.until = fresh.needs_clock ? Instant::max() : time_.now() + left;
  const std::string device = history_.one_in(20) ? "plug/unheard" : history_.one_of(plugs);
  const int kind = history_.up_to(2);
  if (kind == 0) fresh.message = flow::RoadDown::one(id, device, "level", R"({"value":)" + id + "}", more);
  if (kind == 1) fresh.message = flow::RoadDown::one(id, device, "ask", R"({"n":")" + id + "\"}", more);
  if (kind == 2) fresh.message = flow::RoadDown::beep(id, device, more);
  if (fresh.origin != "api" && history_.one_in(2)) fresh.message.reply_to = "r" + std::to_string(history_.up_to(2));
  const CommandMessage message = fresh.message;
  const std::string origin = fresh.origin;
  model_.commands[id] = std::move(fresh);
  ++figures_.commands;
  hand_in(id, message, origin);
}

void World::hand_in(const std::string& id, const CommandMessage& message, const std::string& origin) {
  const bool is_new = !house_.store->find_command(id)->has_value();
  const std::optional<Call> before = std::exchange(call_, Call{.command = id, .asked_at = message.reply_to});
  const auto answers = house_.dispatch->accept(origin, message);
  history_.note("command " + id + " from " + origin + (answers ? "" : ": refused"));
  if (killed_) return;
  call_ = before;
  if (!answers) {
    const bool held = config_.limits.when_full == store::WhenFull::hold;
    promise(excused() || held, "P6", "not taken: " + answers.error().message);
    if (is_new) model_.commands.erase(id);
    return;
  }
  promise(answers->size() == 1, "P6", "no answer to " + id);
  Given& given = model_.commands[id];
  if (is_new) given.open = !answers->at(0).ended;
  promise(!given.open || !is_new || config_.may_command.contains(origin), "P6", id + " was taken and is not allowed");
  if (!message.reply_to.empty()) given.asked_for.insert(message.reply_to);
}

CommandSink::Sent World::leaves(const CommandPublish& publish) {
  if (killed_) return CommandSink::Sent::not_sent;
  const std::string& id = publish.payload;
  history_.note("command " + id + " leaves");
  promise(model_.commands.contains(id), "P6", "nobody gave " + id);
  if (broken()) return CommandSink::Sent::not_sent;
  may_leave(id, model_.commands[id], publish);
  const auto answer = static_cast<CommandSink::Sent>(quiet_ || !history_.one_in(4) ? 0 : history_.up_to(2));
  if (answer != CommandSink::Sent::not_sent && publish.topic.ends_with("/ask") && history_.one_in(2))
    hear(publish.topic.substr(0, 6), "result", R"({"POWER":"ON"})", false);
  if (quiet_) return answer;
  if (history_.one_in(6)) device_speaks();
  if (history_.one_in(6)) time_.advance(1s * history_.up_to(8));
  if (history_.one_in(6)) give();
  if (!killed_ && !full_ && history_.one_in(8)) full_ = std::make_unique<flow::FullDisk>();
  if (!killed_ && history_.one_in(10)) die("after a command had left");
  return answer;
}

void World::may_leave(const std::string& id, const Given& given, const CommandPublish& publish) {
  promise(++model_.commands[id].left == 1, "P6", id + " leaves a second time");
  promise(given.open, "P6", id + " was refused, and leaves");
  promise(config_.may_command.contains(given.origin), "P6", id + " leaves and is not allowed");
  const auto kept = house_.store->find_command(id);
  promise(kept && *kept && (*kept)->progress.state == CommandState::sent, "P6", id + " leaves before that is stored");
  promise(publish.expires_in >= 1s, "P6", id + " leaves after its end");
  promise(given.until == Instant::max() || time_.now() + publish.expires_in <= given.until, "P6",
          id + " leaves after its end");
  promise(!given.needs_clock || time_.synced(), "P6", id + " leaves, and nobody knows whether it is in time");
  promise(!given.end || !time_.synced() || time_.wall_time() + publish.expires_in <= *given.end, "P6",
          id + " leaves after its end by the calendar");
}

void World::device_speaks() {
  const std::string& who = history_.one_of(plugs);
  if (history_.one_in(3)) return hear(who, "lwt", history_.one_in(3) ? "off" : "on", history_.one_in(2));
  hear(who, "result", history_.one_in(4) ? R"({"OTHER":1})" : R"({"POWER":"ON"})", history_.one_in(6));
}

/// On both of the gateway's connections.
void World::hear(const std::string& device, const std::string& message, const std::string& payload, bool retained) {
  Message heard;
  heard.topic = device + "/" + message;
  heard.payload = payload;
  heard.payload_size = payload.size();
  heard.retained = retained;
  heard.received_at = time_.wall_time();
  house_.dispatch->heard(heard);
  if (history_.one_in(2)) publish(heard.topic, payload, retained);
}

Verdict World::told(const std::string& cloud, const std::string& reply_to, const CommandAnswer& answer) {
  if (killed_) return Verdict::defer("killed");
  history_.note(cloud + " is told how " + answer.id + " ended");
  promise(answer.ended, "P6", answer.id + " is told as ended and has not");
  if (!quiet_ && history_.one_in(4)) return Verdict::defer("not now");
  model_.clouds[cloud].ends[reply_to].insert(answer.id);
  if (!quiet_ && history_.one_in(10)) die("after it had told how a command ended");
  return Verdict::accept();
}

void World::check_commands() {
  std::uint64_t accepted = 0;
  for (auto& [id, given] : model_.commands) {
    promise(given.outcomes == 1, "P6", id + " has " + std::to_string(given.outcomes) + " outcomes");
    const auto kept = house_.store->find_command(id);
    if (!kept || !*kept) return promise(false, "P6", id + " is forgotten");
    const store::CommandProgress& end = (*kept)->progress;
    promise(end.ended, "P6", id + " has not ended");
    const bool never = end.state == CommandState::expired || end.state == CommandState::rejected;
    const bool once = end.state == CommandState::sent || end.state == CommandState::succeeded;
    promise(!never || given.left == 0, "P6", id + " left, and is told as never sent");
    promise(!once || given.left == 1, "P6", id + " never left, and is told as sent");
    for (const std::string& place : given.asked_for)
      promise(model_.clouds[given.origin].ends[place].contains(id), "P6",
              given.origin + " never heard how " + id + " ended");
    accepted += given.open ? 1 : 0;
  }
  promise(house_.store->snapshot().commands.accepted == accepted, "P6", "accepted commands are counted otherwise");
}

}  // namespace sluice::simulation
