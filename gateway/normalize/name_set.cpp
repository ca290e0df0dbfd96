#include "gateway/normalize/name_set.h"

#include <algorithm>
#include <functional>

namespace sluice::normalize {

namespace {

constexpr std::size_t linear_max = 24;

}

void NameSet::clear() {
  texts_.clear();
  entries_.clear();
  table_.clear();
}

bool NameSet::is(const Entry& entry, std::size_t hash, std::string_view name) const {
  return entry.hash == hash && std::string_view(texts_).substr(entry.begin, entry.size) == name;
}

bool NameSet::insert(std::string_view name) {
  const std::size_t hash = std::hash<std::string_view>()(name);
  if (table_.empty()) {
    if (std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return is(entry, hash, name); }))
      return false;
  } else {
    for (std::size_t at = hash & (table_.size() - 1); table_[at] != 0; at = (at + 1) & (table_.size() - 1))
      if (is(entries_[table_[at] - 1], hash, name)) return false;
  }
  entries_.push_back({hash, texts_.size(), name.size()});
  texts_ += name;
  if (entries_.size() > std::max(linear_max, table_.size() / 2)) {
    grow();
  } else if (!table_.empty()) {
    std::size_t at = hash & (table_.size() - 1);
    while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = static_cast<std::uint32_t>(entries_.size());
  }
  return true;
}

void NameSet::grow() {
  table_.assign(std::max<std::size_t>(128, table_.size() * 4), 0);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t at = entries_[i].hash & (table_.size() - 1);
    while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = static_cast<std::uint32_t>(i + 1);
  }
}

}  // namespace sluice::normalize
