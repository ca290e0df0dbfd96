#include "gateway/core/record.h"

#include <array>
#include <utility>

#include "gateway/core/assert.h"
#include "gateway/core/json_text.h"

namespace sluice {

namespace {
using namespace std::string_view_literals;
constexpr std::array kinds = {
    std::pair{RecordKind::reading, "reading"sv},   std::pair{RecordKind::occurrence, "occurrence"sv},
    std::pair{RecordKind::presence, "presence"sv}, std::pair{RecordKind::outcome, "outcome"sv},
    std::pair{RecordKind::raw, "raw"sv},           std::pair{RecordKind::notice, "notice"sv},
};
}  // namespace

std::string_view name_of(RecordKind kind) {
  for (const auto& [value, name] : kinds)
    if (value == kind) return name;
  SLUICE_ASSERT(!"a RecordKind has a name");
}

std::optional<RecordKind> record_kind(std::string_view name) {
  for (const auto& [value, known] : kinds)
    if (known == name) return value;
  return std::nullopt;
}

std::optional<std::string> topic_of(const Record& record) {
  // The text is our own: the normaliser writes these three members first, in this order.
  std::string_view rest = record.data;
  std::optional<std::string> value;
  for (const std::string_view key : {R"({"device":)"sv, R"(,"schema":)"sv, R"(,"topic":)"sv}) {
    if (!rest.starts_with(key)) return std::nullopt;
    rest.remove_prefix(key.size());
    value = take_json_string(rest);
    if (!value) return std::nullopt;
  }
  return value;
}

}  // namespace sluice
