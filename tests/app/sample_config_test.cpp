// deploy/sluice.yaml is the documentation of the configuration, and deploy/sluice.schema.json what editors know of it.
// Here both are held against the code that reads: neither can miss a key, or tell a wrong default.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

// GCC 12 takes std::regex, which valijson uses, for uninitialised under AddressSanitizer (GCC bug 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

using nlohmann::json;
using normalize::YamlNode;

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string replaced(std::string text, std::string_view old, std::string_view by) {
  for (std::size_t at = text.find(old); at != std::string::npos; at = text.find(old, at + by.size()))
    text.replace(at, old.size(), by);
  return text;
}

/// Takes the # from every line that has one without a space behind it.
std::string switched_on(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line); out += line + "\n") {
    const std::size_t hash = line.find_first_not_of(' ');
    if (hash != std::string::npos && line[hash] == '#' && hash + 1 < line.size() && line[hash + 1] != ' ')
      line.erase(hash, 1);
  }
  return out;
}

/// As an editor's YAML reader sees it: plain words become numbers and booleans.
json as_json(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return nullptr;
    case YamlNode::Kind::scalar: {
      if (node.quoted) return node.text;
      const bool bare =
          node.text == "true" || node.text == "false" || node.text.find_first_not_of("0123456789") == std::string::npos;
      return bare ? json::parse(node.text) : json(node.text);
    }
    case YamlNode::Kind::sequence: {
      json out = json::array();
      for (const YamlNode& item : node.items) out.push_back(as_json(item));
      return out;
    }
    case YamlNode::Kind::map:
      break;
  }
  json out = json::object();
  for (const YamlNode::Member& member : node.members) out[member.key] = as_json(member.value);
  return out;
}

YamlNode yaml(const std::string& text) {
  normalize::Problems problems;
  auto root = normalize::read_yaml(text, "sluice.yaml", problems);
  EXPECT_EQ(problems.text(), "");
  return root ? *root : YamlNode{};
}

std::string extend(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

/// Every key that the file sets, down to those in `keys`.
void collect(const YamlNode& node, const std::string& path, const std::set<std::string>& keys,
             std::set<std::string>& out) {
  if (keys.contains(path)) {
    out.insert(path);
    return;
  }
  for (const YamlNode::Member& member : node.members) collect(member.value, extend(path, member.key), keys, out);
  for (const YamlNode& item : node.items) collect(item, path + "[]", keys, out);
}

/// Every key that the schema knows; where it has a default, that too.
void collect(const json& schema, const std::string& path, std::map<std::string, json>& out) {
  if (schema.contains("properties")) {
    for (const auto& [key, below] : schema["properties"].items()) collect(below, extend(path, key), out);
  } else if (schema.contains("items") && schema["items"].contains("properties")) {
    collect(schema["items"], path + "[]", out);
  } else {
    out[path] = schema.value("default", json());
  }
}

class SampleConfig : public testing::Test {
 protected:
  SampleConfig() {
    schema_ = json::parse(file_text(SLUICE_SOURCE_DIR "/deploy/sluice.schema.json"));
    const valijson::adapters::NlohmannJsonAdapter adapter(schema_);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(adapter, compiled_);
  }

  bool schema_accepts(const std::string& text) const {
    const json document = as_json(yaml(text));
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(compiled_, valijson::adapters::NlohmannJsonAdapter(document), &results)) return true;
    for (const auto& error : results)
      complaints_ += (error.context.empty() ? "" : error.context.back()) + ": " + error.description + "\n";
    return false;
  }

  /// The sample with everything switched on, and what it names made real.
  std::string everything() const {
    std::string text = switched_on(sample_);
    std::filesystem::create_directory(folder_ / "schemas");
    for (const char* name :
         {"broker.password", "archive.password", "api.token", "ca.pem", "client.pem", "client.key", "hivemq.password"})
      write_file(folder_ / name, "0123456789abcdef\n");
    write_file(folder_ / "azure.key", "cGFzc3dvcmQ=\n");
    text = replaced(text, "/etc/sluice/", folder_.path().string() + "/");
    return replaced(text, "mqtt://localhost", "mqtts://localhost");  // so that tls has an effect
  }

  const std::string sample_ = file_text(SLUICE_SOURCE_DIR "/deploy/sluice.yaml");
  const stage::TempFolder folder_;
  const Variable functions_key_{"FUNCTIONS_KEY", "abc"};
  const Variable webhook_token_{"WEBHOOK_TOKEN", "abc"};
  const Variable webhook_secret_{"WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
  json schema_;
  valijson::Schema compiled_;
  mutable std::string complaints_;
};

TEST_F(SampleConfig, is_read_without_complaint) {
  EXPECT_EQ(complaints(sample_), "");
  const auto config = read(sample_);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->warnings.text(), "");
}

TEST_F(SampleConfig, is_read_without_complaint_with_everything_switched_on) {
  EXPECT_EQ(complaints(everything()), "");
  const auto config = read(everything());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->clouds.size(), 4u);
  EXPECT_EQ(config->clouds[0].only.devices, std::vector<std::string>{"tasmota/*"});
}

TEST_F(SampleConfig, has_every_key) {
  const std::vector<std::string> known = config_keys();
  const std::set<std::string> keys(known.begin(), known.end());
  std::set<std::string> found;
  collect(yaml(everything()), "", keys, found);
  EXPECT_EQ(found, keys);
  EXPECT_GT(keys.size(), 50u);
}

TEST_F(SampleConfig, switches_on_nothing_but_defaults) {
  const auto sample = read(sample_);
  const auto bare = read(
      "gateway: { id: home-pi }\nlocal_broker: { url: mqtt://localhost:1883 }\n"
      "clouds: [{ name: hooks, type: webhook, url: https://telemetry.example/events }]");
  ASSERT_TRUE(sample && bare);
  const auto facts = [](const Config& c) {
    const Cloud& cloud = c.clouds.at(0);
    const auto& limits = c.store.limits;
    return std::tuple(c.store.data_dir, c.subscribe_auto, c.local_broker.ignore_retained,
                      c.local_broker.receive_maximum, c.local_broker.message_size_max, c.local_broker.commit_wait,
                      c.unmatched, c.store.durability, limits.size_max, limits.age_max, limits.when_full,
                      limits.quarantine_size_max, limits.quarantine_age_max, webhook_of(cloud).format,
                      cloud.batch_count_max, webhook_of(cloud).batch_bytes_max, cloud.batch_wait_max,
                      webhook_of(cloud).gzip, webhook_of(cloud).timeout, c.api.listen, c.log_level, c.log_format);
  };
  EXPECT_EQ(facts(*sample), facts(*bare));
}

TEST_F(SampleConfig, schema_accepts_it) {
  EXPECT_TRUE(schema_accepts(sample_)) << complaints_;
  EXPECT_TRUE(schema_accepts(everything())) << complaints_;
  EXPECT_TRUE(schema_accepts(least + "buffer:\nclouds:\n")) << complaints_;
}

TEST_F(SampleConfig, schema_knows_the_same_keys) {
  std::map<std::string, json> known;
  collect(schema_, "", known);
  std::vector<std::string> keys;
  for (const auto& [key, fallback] : known) keys.push_back(key);
  EXPECT_EQ(keys, config_keys());
}

TEST_F(SampleConfig, schema_tells_the_same_defaults) {
  std::map<std::string, json> known;
  collect(schema_, "", known);
  json sample = as_json(yaml(sample_));
  sample["clouds[]"] = sample["clouds"][0];
  std::size_t seen = 0;
  for (const auto& [key, fallback] : known) {
    const json::json_pointer place("/" + replaced(key, ".", "/"));
    if (fallback.is_null() || key == "clouds[].type") continue;
    EXPECT_EQ(sample.value(place, json("switched off")), fallback) << key;
    ++seen;
  }
  EXPECT_GE(seen, 20u);
}

TEST_F(SampleConfig, schema_refuses_what_the_reader_refuses) {
  for (const std::string& wrong : {
           least + "bufer: {}",
           least + "buffer: { size: 1GiB }",
           least + "buffer: { size_max: 1GB }",
           least + "buffer: { age_max: 30 }",
           least + "buffer: [a]",
           least + "log: { level: loud }",
           least + "clouds: [{ name: a, type: mqt, url: https://a }]",
           least + "clouds: [{ name: A, type: webhook, url: https://a }]",
           least + "clouds: [{ name: api, type: webhook, url: https://a }]",
           least + "clouds: [{ type: webhook, url: https://a }]",
           with_cloud("    batch: { count_max: 0 }\n"),
           with_cloud("    allow_plain: perhaps\n"),
           with_cloud("    auth: { username: a }\n"),
           with_cloud("    auth: { username: a, password: b, bearer: c }\n"),
           with_cloud("    headers: { 'x y': a }\n"),
           with_cloud("    uplink: { only: { kinds: [readings] } }\n"),
           with_cloud("    uplink: { only: { devices: [] } }\n"),
           with_cloud("    tls: { cert_file: /dev/null }\n"),
           std::string("gateway: { id: a }\n"),
           std::string("gateway: { id: A }\nlocal_broker: { url: mqtt://b }\n"),
           std::string("gateway: { id: a }\nlocal_broker: { url: http://b }\n"),
           std::string("gateway: { id: a }\nlocal_broker: { url: mqtt://b, password: c }\n"),
       }) {
    EXPECT_FALSE(schema_accepts(wrong)) << wrong;
    EXPECT_NE(complaints(wrong), "") << wrong;
  }
}

}  // namespace
}  // namespace sluice::app
