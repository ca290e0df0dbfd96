#include <algorithm>

#include "gateway/api/picture.h"
#include "gateway/core/json_object.h"

namespace sluice::api {

namespace {

void append_broker(std::string& out, const Picture::Broker& broker) {
  JsonObject object(out);
  object.flag("connected", broker.connected);
  object.time("since", broker.since);
  object.count("session_lost_total", broker.session_lost_total);
  if (!broker.protocol.empty()) object.text("protocol", broker.protocol);
  if (!broker.last_error.empty()) object.text("last_error", broker.last_error);
}

void append_messages(std::string& out, const store::MessageCounts& counts) {
  JsonObject object(out);
  object.count("received", counts.received());
  object.count("understood", counts.understood);
  object.count("ignored", counts.ignored);
  object.count("quarantined", counts.quarantined);
  object.count("redelivered", counts.redelivered);
  JsonObject by_qos(object.key("by_qos"));
  by_qos.count("0", counts.received_qos0);
  by_qos.count("1", counts.received_qos1);
}

void append_cloud(std::string& out, const store::CloudCounts& counts, const flow::CloudState& state, Timestamp now) {
  JsonObject object(out);
  object.text("name", state.name);
  object.text("type", state.type);
  object.text("state", flow::name_of(state.health));
  object.time("since", state.since);
  object.count("stored", counts.stored);
  object.count("delivered", counts.delivered);
  object.count("rejected", counts.rejected);
  object.count("skipped", counts.skipped);
  object.count("replayed", counts.replayed);
  {
    JsonObject dropped(object.key("dropped"));
    dropped.count("size", counts.dropped_size);
    dropped.count("age", counts.dropped_age);
    dropped.count("damage", counts.dropped_damage);
  }
  {
    JsonObject backlog(object.key("backlog"));
    backlog.count("records", counts.backlog_records);
    backlog.number("bytes", counts.backlog_bytes);
    const auto age = counts.oldest ? std::chrono::floor<std::chrono::seconds>(now - *counts.oldest).count() : 0;
    backlog.number("oldest_s", std::max<std::int64_t>(0, age));
  }
  if (state.last_error.empty()) {
    object.key("last_error") += "null";
  } else {
    JsonObject error(object.key("last_error"));
    error.text("text", state.last_error);
    error.time("at", state.last_error_at);
  }
}

void append_commands(std::string& out, const store::CommandCounts& counts) {
  JsonObject object(out);
  object.count("accepted", counts.accepted);
  object.count("sent", counts.sent);
  object.count("succeeded", counts.succeeded);
  object.count("failed", counts.failed);
  object.count("expired", counts.expired);
  object.count("rejected", counts.rejected);
  object.count("unanswered", counts.unanswered);
}

}  // namespace

std::string status_json(const Picture& picture) {
  std::string out;
  {
    JsonObject status(out);
    {
      JsonObject gateway(status.key("gateway"));
      gateway.text("id", picture.gateway_id);
      gateway.text("version", picture.version);
      gateway.number("uptime_s", picture.uptime_s);
      if (!picture.clock_synced) gateway.text("clock", "unsynced");
    }
    append_broker(status.key("local_broker"), picture.broker);
    append_messages(status.key("messages"), picture.store.messages);
    status.count("stored", picture.store.stored);
    std::string& clouds = status.key("clouds");
    clouds += '[';
    for (std::size_t i = 0; i < picture.clouds.size(); ++i) {
      if (i > 0) clouds += ',';
      append_cloud(clouds, picture.store.clouds[i], picture.clouds[i], picture.taken_at);
    }
    clouds += ']';
    {
      JsonObject quarantine(status.key("quarantine"));
      quarantine.count("records", picture.store.quarantine_records);
      quarantine.number("bytes", picture.store.quarantine_bytes);
      quarantine.count("dropped", picture.store.quarantine_dropped);
      quarantine.count("discarded", picture.store.quarantine_discarded);
      JsonObject replayed(quarantine.key("replayed"));
      replayed.count("understood", picture.store.replayed_understood);
      replayed.count("ignored", picture.store.replayed_ignored);
    }
    append_commands(status.key("commands"), picture.store.commands);
    if (!picture.store_error.empty()) status.text("store_error", picture.store_error);
  }
  return out += '\n';
}

}  // namespace sluice::api
