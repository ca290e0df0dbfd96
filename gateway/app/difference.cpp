#include "gateway/app/difference.h"

#include <algorithm>

namespace sluice::app {

namespace {

const Cloud* find(const std::vector<Cloud>& clouds, const std::string& name) {
  const auto found = std::ranges::find(clouds, name, &Cloud::name);
  return found == clouds.end() ? nullptr : &*found;
}

void compare_clouds(const std::vector<Cloud>& now, const std::vector<Cloud>& next, Difference& out) {
  for (const Cloud& cloud : next) {
    const Cloud* before = find(now, cloud.name);
    if (before == nullptr)
      out.added.push_back(cloud.name);
    else if (before->said != cloud.said)
      out.changed.push_back(cloud.name);
  }
  for (const Cloud& cloud : now)
    if (find(next, cloud.name) == nullptr) out.removed.push_back(cloud.name);
}

bool own_topics_differ(const Setup& now, const Setup& next) {
  const flow::Ingest::Options before = now.ingest(), after = next.ingest();
  return before.own_topics != after.own_topics || before.keep_payloads != after.keep_payloads;
}

}  // namespace

Difference difference(const Setup& now, const Setup& next) {
  const Config &a = now.config, &b = next.config;
  Difference out;
  out.schemas =
      now.library->digest() != next.library->digest() || a.unmatched != b.unmatched || a.timezone != b.timezone;
  out.subscription = now.filters != next.filters;
  out.taking = a.local_broker.ignore_retained != b.local_broker.ignore_retained ||
               a.local_broker.commit_wait != b.local_broker.commit_wait || own_topics_differ(now, next);
  out.connection = a.connection_said != b.connection_said;
  out.commands = a.commands != b.commands;
  out.limits = a.store.limits != b.store.limits;
  out.api = a.api != b.api;
  out.log_level = a.log_level != b.log_level;
  compare_clouds(a.clouds, b.clouds, out);
  return out;
}

std::vector<std::string> Difference::words() const {
  std::vector<std::string> words;
  if (schemas) words.emplace_back("schemas: messages are read by the new ones");
  if (subscription) words.emplace_back("local broker: the subscriptions are changed on the living connection");
  if (taking) words.emplace_back("local broker: messages are taken in by the new settings");
  if (connection) words.emplace_back("local broker: connected anew, with the same session");
  if (commands) words.emplace_back("commands: the new rules count");
  if (limits) words.emplace_back("buffer, quarantine: the new limits count");
  if (api) words.emplace_back("api: the new token and hosts count");
  if (log_level) words.emplace_back("log: the new level counts");
  for (const std::string& name : added) words.push_back("cloud '" + name + "' added");
  for (const std::string& name : changed) words.push_back("cloud '" + name + "' changed: connected anew");
  for (const std::string& name : removed) words.push_back("cloud '" + name + "' removed");
  return words;
}

void refuse_what_needs_a_restart(const Config& now, const Config& next, normalize::Problems& problems) {
  const auto keep = [&](const std::string& key, bool same) {
    if (same) return;
    const auto place = next.places.find(key);
    problems.add(place != next.places.end() ? place->second : normalize::Place{next.file.string(), 0, 0},
                 key + " cannot change while the gateway runs: restart it, or put the old value back");
  };
  const bool same_id = now.gateway_id == next.gateway_id;
  keep("gateway.id", same_id);
  keep("gateway.data_dir", now.store.data_dir == next.store.data_dir);
  // By itself it follows the gateway's id.
  keep("local_broker.client_id", !same_id || now.local_broker.client_id == next.local_broker.client_id);
  keep("buffer.durability", now.store.durability == next.store.durability);
  keep("api.listen", now.api.listen == next.api.listen);
  keep("log.format", now.log_format == next.log_format);
}

}  // namespace sluice::app
