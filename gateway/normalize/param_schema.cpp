// GCC 12 with sanitizers takes the std::function inside std::regex, which valijson uses, for uninitialized.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "gateway/normalize/param_schema.h"

#include <algorithm>
#include <exception>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "gateway/normalize/text_pattern.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;
using nlohmann::json;

constexpr std::size_t format_bytes_max = 1024;
constexpr std::size_t shown_bytes_max = 40;
constexpr std::size_t choices_shown_max = 20;

const std::vector<std::string_view> keywords = {"additionalItems",
                                                "additionalProperties",
                                                "allOf",
                                                "anyOf",
                                                "const",
                                                "contains",
                                                "default",
                                                "dependencies",
                                                "description",
                                                "else",
                                                "enum",
                                                "examples",
                                                "exclusiveMaximum",
                                                "exclusiveMinimum",
                                                "format",
                                                "if",
                                                "items",
                                                "maxItems",
                                                "maxLength",
                                                "maxProperties",
                                                "maximum",
                                                "minItems",
                                                "minLength",
                                                "minProperties",
                                                "minimum",
                                                "multipleOf",
                                                "not",
                                                "oneOf",
                                                "pattern",
                                                "patternProperties",
                                                "properties",
                                                "propertyNames",
                                                "required",
                                                "then",
                                                "title",
                                                "type",
                                                "uniqueItems",
                                                "$comment",
                                                "$ref"};
const std::vector<std::string_view> data_keywords = {"const", "default", "enum", "examples", "required", "type"};
const std::vector<std::string_view> named_schemas = {"properties", "dependencies", "definitions"};

bool is_among(std::string_view word, const std::vector<std::string_view>& list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// `not: { pattern: ... }`, which is done by RE2 as well.
bool is_forbidden_pattern(const json& schema) {
  return schema.is_object() && schema.size() == 1 && schema.contains("pattern");
}

/// Looks through a schema for what the class comment rules out, and for slips of the pen.
std::string why_unfit(const json& schema, bool top) {
  if (schema.is_array()) {
    for (const json& part : schema)
      if (std::string wrong = why_unfit(part, false); !wrong.empty()) return wrong;
    return {};
  }
  if (!schema.is_object()) return {};
  for (const auto& [key, value] : schema.items()) {
    if (key == "$ref") return "'$ref' is not possible here: write the schema out";
    if (key == "patternProperties" || (key == "pattern" && !top))
      return "'" + key + "' is not possible inside a parameter; 'pattern' is, of the parameter itself";
    if (key == "multipleOf" && (!value.is_number() || value.get<double>() <= 0)) return "'multipleOf' must be above 0";
    if (!is_among(key, keywords))
      if (const std::string meant = did_you_mean(key, keywords); !meant.empty())
        return "there is no keyword '" + key + "'" + meant;
    if (is_among(key, data_keywords) || (top && key == "not" && is_forbidden_pattern(value))) continue;
    const bool named = is_among(key, named_schemas) && value.is_object();
    std::string wrong;
    if (!named) wrong = why_unfit(value, false);
    if (named)
      for (const json& part : value)
        if (wrong.empty()) wrong = why_unfit(part, false);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

bool has_format(const json& schema) {
  if (!schema.is_structured()) return false;
  if (schema.is_object() && schema.contains("format")) return true;
  return std::any_of(schema.begin(), schema.end(), [](const json& part) { return has_format(part); });
}

std::string shown(const std::string& text) {
  return text.size() > shown_bytes_max ? excerpt(text, shown_bytes_max) : text;
}

/// "ON, OFF or TOGGLE"
std::string list_of(const json& values) {
  std::string out;
  const std::size_t count = std::min(values.size(), choices_shown_max);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += i + 1 == values.size() ? " or " : ", ";
    out += values[i].is_string() ? values[i].get<std::string>() : values[i].dump();
  }
  return count < values.size() ? out + ", ..." : out;
}

std::string word_of(const std::string& type) {
  if (type == "string") return "a text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "object") return "an object";
  return type == "array" ? "a list" : type;
}

std::string bounds_of(const json& schema, const char* least, const char* most) {
  std::string out;
  if (schema.contains(least) && schema.contains(most))
    return " from " + schema[least].dump() + " to " + schema[most].dump();
  if (schema.contains(least)) out = " of at least " + schema[least].dump();
  if (schema.contains(most)) out = " of at most " + schema[most].dump();
  return out;
}

std::string demand_of(const json& schema) {
  if (!schema.is_object()) return {};
  if (schema.contains("const")) return "must be " + list_of(json::array({schema["const"]}));
  if (schema.contains("enum") && schema["enum"].is_array()) return "must be " + list_of(schema["enum"]);
  if (!schema.contains("type") || !schema["type"].is_string()) return {};
  const std::string type = schema["type"].get<std::string>();
  std::string out = "must be " + word_of(type);
  if (type == "integer" || type == "number") out += bounds_of(schema, "minimum", "maximum");
  if (type != "string") return out;
  if (schema.contains("minLength") || schema.contains("maxLength"))
    out += bounds_of(schema, "minLength", "maxLength") + " characters";
  if (schema.contains("pattern")) out += " that matches " + schema["pattern"].dump();
  return out;
}

}  // namespace

struct ParamSchema::Compiled {
  json schema;
  valijson::Schema validated;  ///< without the top's pattern
  std::shared_ptr<const TextPattern> pattern, forbidden;
  bool has_format = false;
  std::string demand;
  std::optional<ParamValue> fallback;
};

ParamSchema::ParamSchema(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
ParamSchema::~ParamSchema() = default;

namespace {

/// Takes `pattern` out of a schema. Null where there is none, or with the reason in `wrong`.
std::shared_ptr<const TextPattern> take_pattern(json& schema, std::string& wrong) {
  if (!schema.is_object() || !schema.contains("pattern")) return nullptr;
  const json pattern = schema["pattern"];
  schema.erase("pattern");
  if (pattern.is_string()) return TextPattern::compile(pattern.get<std::string>(), wrong);
  wrong = "'pattern' must be a text";
  return nullptr;
}

/// What valijson finds wrong with a value, in its own words.
std::string complaint(const valijson::Schema& schema, const json& value) {
  valijson::ValidationResults results;
  if (valijson::Validator().validate(schema, Adapter(value), &results)) return {};
  for (const valijson::ValidationResults::Error& error : results) {
    std::string where;
    for (std::size_t i = 1; i < error.context.size(); ++i) where += error.context[i];
    return excerpt((where.empty() ? "" : "at " + where + ": ") + error.description, 200);
  }
  return "is not as its schema wants it";
}

}  // namespace

std::shared_ptr<const ParamSchema> ParamSchema::compile(const std::string& json_schema, std::string& wrong) {
  auto compiled = std::make_unique<Compiled>();
  try {
    compiled->schema = json::parse(json_schema);
    wrong = why_unfit(compiled->schema, true);
    if (!wrong.empty()) return nullptr;
    json rest = compiled->schema;
    compiled->pattern = take_pattern(rest, wrong);
    if (rest.contains("not") && is_forbidden_pattern(rest["not"])) {
      compiled->forbidden = take_pattern(rest["not"], wrong);
      rest.erase("not");
    }
    if (!wrong.empty()) return nullptr;
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(rest), compiled->validated);
    compiled->has_format = has_format(rest);
    compiled->demand = demand_of(compiled->schema);
    // An example value makes valijson look at every constraint once: some mistakes show only then.
    (void)complaint(compiled->validated, json("x"));
  } catch (const std::exception& error) {
    wrong = std::string("not a JSON Schema: ") + error.what();
    return nullptr;
  }
  if (compiled->schema.contains("default")) {
    JsonTape tape;
    if (!tape.read(compiled->schema["default"].dump())) compiled->fallback = param_value(tape, 0);
  }
  std::shared_ptr<const ParamSchema> schema(new ParamSchema(std::move(compiled)));
  if (schema->fallback())
    if (const std::string bad = schema->why_wrong(*schema->fallback()); !bad.empty()) {
      wrong = "its default is not allowed by it: " + bad;
      return nullptr;
    }
  return schema;
}

std::string ParamSchema::why_wrong(const ParamValue& value) const {
  const bool text = value.kind == JsonTape::Node::Kind::text;
  std::string found;
  if (compiled_->has_format && value.json.size() > format_bytes_max)
    return "is longer than " + std::to_string(format_bytes_max) + " bytes";
  try {
    found = complaint(compiled_->validated, json::parse(value.json));
  } catch (const std::exception& error) {
    found = "cannot be checked: " + excerpt(error.what(), 200);
  }
  if (found.empty() && text && compiled_->pattern != nullptr && !compiled_->pattern->occurs_in(value.text))
    found = "does not match";
  if (found.empty() && text && compiled_->forbidden != nullptr && compiled_->forbidden->occurs_in(value.text))
    return "is not allowed: '" + excerpt(value.text) + "'";
  if (found.empty()) return {};
  if (compiled_->demand.empty()) return found;
  const bool structure = value.kind == JsonTape::Node::Kind::object || value.kind == JsonTape::Node::Kind::array;
  if (structure && found.starts_with("at ")) return found;
  return compiled_->demand + ", not " + (text ? "'" + excerpt(value.text) + "'" : shown(value.json));
}

std::string ParamSchema::demand() const {
  return compiled_->demand;
}

const std::optional<ParamValue>& ParamSchema::fallback() const {
  return compiled_->fallback;
}

}  // namespace sluice::normalize
