// GCC 12 with sanitizers takes the std::function inside std::regex, which valijson uses, for uninitialized.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include "tests/normalize/json_schema.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace sluice::stage {

namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;
using nlohmann::json;

void close(json& schema) {
  if (!schema.is_structured()) return;  // a scalar is a range of itself
  if (schema.is_object() && schema.contains("properties") && !schema.contains("additionalProperties"))
    schema["additionalProperties"] = false;
  for (json& part : schema) close(part);
}

}  // namespace

JsonSchema::JsonSchema(const std::filesystem::path& file, bool closed) : schema_(std::make_unique<valijson::Schema>()) {
  json schema = json::parse(text_of(file));
  if (closed) close(schema);
  valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(schema), *schema_);
}

JsonSchema::~JsonSchema() = default;

std::string JsonSchema::broken_by(const json& document) const {
  valijson::ValidationResults results;
  std::string out;
  if (valijson::Validator().validate(*schema_, Adapter(document), &results)) return out;
  for (const valijson::ValidationResults::Error& error : results) {
    for (const std::string& step : error.context) out += step;
    out += ": " + error.description + "\n";
  }
  return out.empty() ? "refused without a reason\n" : out;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << "cannot read " << file;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

json json_of(const normalize::YamlNode& node) {
  using Kind = normalize::YamlNode::Kind;
  switch (node.kind) {
    case Kind::null:
      return nullptr;
    case Kind::sequence: {
      json list = json::array();
      for (const normalize::YamlNode& item : node.items) list.push_back(json_of(item));
      return list;
    }
    case Kind::map: {
      json map = json::object();
      for (const normalize::YamlNode::Member& member : node.members) map[member.key] = json_of(member.value);
      return map;
    }
    case Kind::scalar:
      break;
  }
  if (node.quoted) return node.text;
  if (node.text == "null" || node.text == "~" || node.text.empty()) return nullptr;
  const json typed = json::parse(node.text, nullptr, false);
  return typed.is_number() || typed.is_boolean() ? typed : json(node.text);
}

}  // namespace sluice::stage
