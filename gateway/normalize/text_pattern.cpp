#include "gateway/normalize/text_pattern.h"

#include <map>
#include <mutex>

#include <re2/re2.h>

namespace sluice::normalize {

struct TextPattern::Compiled {
  explicit Compiled(const std::string& expression, const RE2::Options& options) : re2(expression, options) {}
  RE2 re2;
};

namespace {

constexpr std::int64_t memory_max = 256 * 1024;

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory_max);
  return options;
}

}  // namespace

TextPattern::TextPattern(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {
  groups_.resize(static_cast<std::size_t>(compiled_->re2.NumberOfCapturingGroups()));
  for (const auto& [number, name] : compiled_->re2.CapturingGroupNames())
    groups_[static_cast<std::size_t>(number) - 1] = name;
}

TextPattern::~TextPattern() = default;

/// Families repeat a few patterns in hundreds of readings, and each compiled one takes some ten kilobytes.
std::shared_ptr<const TextPattern> TextPattern::compile(const std::string& expression, std::string& wrong) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const TextPattern>> known;
  const std::lock_guard lock(mutex);
  if (auto same = known[expression].lock()) return same;
  std::erase_if(known, [](const auto& one) { return one.second.expired(); });
  std::shared_ptr<const TextPattern> pattern = compile_anew(expression, wrong);
  if (pattern) known[expression] = pattern;
  return pattern;
}

std::shared_ptr<const TextPattern> TextPattern::compile_anew(const std::string& expression, std::string& wrong) {
  auto compiled = std::make_unique<const Compiled>(expression, options());
  if (compiled->re2.ok()) return std::shared_ptr<const TextPattern>(new TextPattern(std::move(compiled)));
  wrong = "not a regular expression of RE2: " + compiled->re2.error();
  if (expression.find("(?<") != std::string::npos) wrong += " (a named group is written (?P<name>...))";
  return nullptr;
}

bool TextPattern::match(std::string_view text, std::vector<std::string_view>& found) const {
  std::vector<re2::StringPiece> parts(groups_.size() + 1);
  const re2::StringPiece whole(text.data(), text.size());
  if (!compiled_->re2.Match(whole, 0, whole.size(), RE2::ANCHOR_BOTH, parts.data(), static_cast<int>(parts.size())))
    return false;
  found.clear();
  for (const re2::StringPiece& part : parts) found.emplace_back(part.data(), part.size());
  return true;
}

bool TextPattern::match_first(std::string_view text, std::string_view& part) const {
  re2::StringPiece parts[2];
  const re2::StringPiece whole(text.data(), text.size());
  if (!compiled_->re2.Match(whole, 0, whole.size(), RE2::ANCHOR_BOTH, parts, 2)) return false;
  part = {parts[1].data(), parts[1].size()};
  return true;
}

bool TextPattern::matches(std::string_view text) const {
  const re2::StringPiece whole(text.data(), text.size());
  return compiled_->re2.Match(whole, 0, whole.size(), RE2::ANCHOR_BOTH, nullptr, 0);
}

bool TextPattern::occurs_in(std::string_view text) const {
  const re2::StringPiece whole(text.data(), text.size());
  return compiled_->re2.Match(whole, 0, whole.size(), RE2::UNANCHORED, nullptr, 0);
}

}  // namespace sluice::normalize
