#include "tests/faults/cut_disk.h"

#include <algorithm>

#include "gateway/core/assert.h"

namespace sluice::store {

namespace {

constexpr std::size_t sector = 512;

std::size_t below(std::size_t bound, std::mt19937& random) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

void put(std::string& content, std::int64_t at, std::string_view data) {
  const auto from = static_cast<std::size_t>(at);
  if (content.size() < from + data.size()) content.resize(from + data.size());
  content.replace(from, data.size(), data);
}

void apply(std::string& content, const DiskChange& change, std::size_t bytes) {
  if (change.kind == DiskChange::Kind::truncate)
    content.resize(static_cast<std::size_t>(change.at));
  else if (bytes > 0)
    put(content, change.at, std::string_view(change.data).substr(0, bytes));
}

/// So many of its bytes that the file ends, or the new ends, where a sector does.
std::size_t whole_sectors(const DiskChange& change, std::mt19937& random) {
  const auto from = static_cast<std::size_t>(change.at);
  const std::size_t first = (from / sector + 1) * sector - from;
  if (first >= change.data.size()) return 0;
  return first + sector * below((change.data.size() - first - 1) / sector + 1, random);
}

std::size_t odd_bytes(const DiskChange& change, std::mt19937& random) {
  return change.data.size() < 2 ? 0 : below(change.data.size() / 2, random) * 2 + 1;
}

}  // namespace

const char* CutDisk::name_of(Way way) {
  switch (way) {
    case Way::lost:
      return "what was not synced is lost";
    case Way::kept:
      return "all is kept";
    case Way::up_to:
      return "kept up to one change";
    case Way::torn_sector:
      return "the last write is torn at a sector";
    case Way::torn_byte:
      return "the last write is torn at an odd byte";
    case Way::last_alone:
      return "the last change is kept alone";
    case Way::hole:
      return "one change is missing";
    case Way::some:
      return "each change by chance";
    case Way::room:
      return "room without bytes";
  }
  return "";
}

CutDisk::CutDisk(Files durable) {
  for (auto& [name, content] : durable) {
    now_[name] = durable_[name] = contents_.size();
    contents_.push_back({std::move(content), {}});
  }
}

void CutDisk::take(const DiskChange& change) {
  using Kind = DiskChange::Kind;
  if (change.kind == Kind::create) {
    now_[change.file] = contents_.size();
    names_.push_back({change.file, contents_.size()});
    contents_.emplace_back();
    return;
  }
  const auto found = now_.find(change.file);
  SLUICE_ASSERT(found != now_.end());
  Content& content = contents_[found->second];
  if (change.kind == Kind::remove) {
    now_.erase(found);
    names_.push_back({change.file, std::nullopt});
    if (change.at != 0) settle_names(names_.size());
    return;
  }
  if (change.kind != Kind::sync) return content.waiting.push_back(&change);
  for (const DiskChange* each : content.waiting) apply(content.durable, *each, each->data.size());
  content.waiting.clear();
  for (std::size_t i = names_.size(); i > 0; --i)
    if (names_[i - 1].content == found->second) return settle_names(i);
}

CutDisk::Names CutDisk::names_after(std::size_t count) const {
  Names names = durable_;
  for (std::size_t i = 0; i < count; ++i) {
    if (names_[i].content)
      names[names_[i].name] = *names_[i].content;
    else
      names.erase(names_[i].name);
  }
  return names;
}

void CutDisk::settle_names(std::size_t count) {
  durable_ = names_after(count);
  names_.erase(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(count));
}

std::size_t CutDisk::waiting() const {
  std::size_t count = names_.size();
  for (const auto& [name, index] : now_) count += contents_[index].waiting.size();
  return count;
}

Files CutDisk::cut(Way way, std::mt19937& random) const {
  std::size_t names = names_.size();
  if (way == Way::lost) names = 0;
  if (way == Way::up_to || way == Way::last_alone || way == Way::some) names = below(names + 1, random);
  Files files;
  for (const auto& [name, index] : names_after(names)) files[name] = content_after(contents_[index], way, random);
  return files;
}

std::string CutDisk::content_after(const Content& content, Way way, std::mt19937& random) const {
  std::string after = content.durable;
  const std::size_t count = content.waiting.size();
  if (count == 0 || way == Way::lost) return after;
  const std::size_t chosen = below(count, random);
  const auto fate_of = [&](std::size_t i) {
    const bool last = i + 1 == count;
    switch (way) {
      case Way::up_to:
        return i < chosen ? Fate::kept : Fate::lost;
      case Way::torn_sector:
        return last ? Fate::torn_sector : Fate::kept;
      case Way::torn_byte:
        return last ? Fate::torn_byte : Fate::kept;
      case Way::last_alone:
        return last ? Fate::kept : Fate::lost;
      case Way::hole:
        return i == chosen ? Fate::lost : Fate::kept;
      case Way::some:
        return static_cast<Fate>(below(5, random));
      case Way::room:
        return Fate::room;
      default:
        return Fate::kept;
    }
  };
  for (std::size_t i = 0; i < count; ++i) {
    const DiskChange& change = *content.waiting[i];
    switch (fate_of(i)) {
      case Fate::kept:
        apply(after, change, change.data.size());
        break;
      case Fate::lost:
        break;
      case Fate::room:
        after.resize(std::max(after.size(), static_cast<std::size_t>(change.at) + change.data.size()));
        break;
      case Fate::torn_sector:
        apply(after, change, whole_sectors(change, random));
        break;
      case Fate::torn_byte:
        apply(after, change, odd_bytes(change, random));
        break;
    }
  }
  return after;
}

}  // namespace sluice::store
