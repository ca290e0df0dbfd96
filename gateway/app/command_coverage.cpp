#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/schemas_in_use.h"
#include "gateway/core/clock.h"
#include "gateway/normalize/coverage.h"
#include "gateway/normalize/schema.h"
#include "gateway/normalize/value.h"

namespace sluice::app {

namespace {

namespace fs = std::filesystem;
using normalize::Coverage;

constexpr std::size_t topic_shown = 100;

/// The recordings of a folder by name, or the one file.
std::vector<fs::path> recordings_in(const fs::path& where) {
  if (!fs::is_directory(where)) return {where};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(where))
    if (entry.path().extension() == ".ndjson") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// Of 100, rounded down: 94.99 are not 95.
std::string percent(double share) {
  const int tenths = static_cast<int>(std::floor(share * 1000 + 1e-9));
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

void print_row(const std::string& name, const std::string& family, const Coverage& of) {
  std::cout << "| " << name << " | " << (family.empty() ? "any" : family) << " | " << of.messages << " | "
            << of.understood << " | " << of.by_another << " | " << of.on_purpose << " | " << of.says_nothing << " | "
            << of.unmatched << " | " << of.quarantined << " | " << percent(of.share()) << " |\n";
}

void print_head() {
  std::cout << "| recording | family | messages | understood | by another family | ignored on purpose | nothing read | "
               "no schema | quarantined | share |\n|---|---|---|---|---|---|---|---|---|---|\n";
}

/// What is not understood, one message a line, as `file:line: topic: why`.
struct Counted {
  std::string name, family;
  Coverage coverage;
  std::vector<std::string> rest;
};

/// False, with the complaint on standard error, where a line is no message.
bool count_file(const fs::path& file, const SchemasInUse& use, bool keep_rest, Counted& counted) {
  std::ifstream in(file, std::ios::binary);
  const Timestamp now = SystemClock().wall_time();
  normalize::CoverageCount count(use.library, use.timezone, counted.family);
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    const std::string place = file.string() + ":" + std::to_string(++number);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto recorded = normalize::read_recorded(line);
    if (!recorded) {
      std::cerr << place << ": " << recorded.error().message << "\n";
      return false;
    }
    const std::string why = count.add(*recorded, now);
    if (keep_rest && !why.empty())
      counted.rest.push_back(place + ": " + normalize::excerpt(recorded->topic, topic_shown) + ": " + why);
  }
  if (in.bad() || !in.is_open()) std::cerr << file.string() << ": cannot be read\n";
  counted.coverage = count.coverage();
  return in.is_open() && !in.bad();
}

/// A recording called like a family ("tasmota", "tasmota-cellar") is about that family; of others every family counts.
std::string family_of(const fs::path& file, const SchemasInUse& use) {
  const std::string stem = file.stem().string();
  std::string best;
  for (const normalize::Family& family : use.library->families()) {
    const std::string& name = family.name;
    const bool begins = stem.starts_with(name) && (stem.size() == name.size() || std::strchr("_-.", stem[name.size()]));
    if (begins && name.size() > best.size()) best = name;
  }
  return best;
}

void print_reasons(const std::vector<Counted>& all) {
  bool any = false;
  for (const Counted& one : all) {
    for (const auto& [reason, count] : one.coverage.reasons) {
      std::cout << (any ? "" : "\n| recording | messages | why they are not understood |\n|---|---|---|\n") << "| "
                << one.name << " | " << count << " | " << reason << " |\n";
      any = true;
    }
  }
}

}  // namespace

int coverage(const CoverageOptions& options) {
  const auto use = schemas_in_use(options.config_file);
  if (!use) return exit_config;
  std::vector<Counted> all;
  Coverage total;
  for (const fs::path& where : options.recordings) {
    for (const fs::path& file : recordings_in(where)) {
      Counted counted{file.stem().string(), family_of(file, *use), {}, {}};
      if (!count_file(file, *use, options.rest, counted)) return exit_data;
      total.add(counted.coverage);
      all.push_back(std::move(counted));
    }
  }
  print_head();
  for (const Counted& one : all) print_row(one.name, one.family, one.coverage);
  if (all.size() != 1) print_row("all", "", total);
  print_reasons(all);
  if (options.rest) std::cout << "\n";
  for (const Counted& one : all)
    for (const std::string& line : one.rest) std::cout << line << "\n";
  return exit_ok;
}

}  // namespace sluice::app
