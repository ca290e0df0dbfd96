#include "gateway/core/record.h"

#include <array>
#include <utility>

#include "gateway/core/assert.h"

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

}  // namespace sluice
