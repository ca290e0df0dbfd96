#include <algorithm>
#include <fstream>
#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/paint.h"
#include "gateway/app/schemas_in_use.h"
#include "gateway/normalize/document.h"
#include "gateway/normalize/examples.h"

namespace sluice::app {

namespace {

using normalize::Family;
using normalize::Library;

int list(const Library& library) {
  for (const Family& family : library.families())
    std::cout << family.name << "\t" << family.messages.size() << " messages\t" << family.title << "\n";
  return exit_ok;
}

int show(const Library& library, const std::string& name) {
  std::vector<std::string_view> known;
  for (const Family& family : library.families()) {
    known.push_back(family.name);
    if (family.name != name) continue;
    std::ifstream file(family.place.file, std::ios::binary);
    std::cout << file.rdbuf();
    return file ? exit_ok : exit_unavailable;
  }
  std::cerr << "sluice: there is no family '" << name << "'" << normalize::did_you_mean(name, known) << "\n";
  return exit_usage;
}

/// Field by field, as a comparison of files: `-` is what the example states, `+` what came.
void print(const normalize::Difference& difference) {
  const Paint paint;
  const normalize::Place& place = difference.place;
  std::cout << place.file << ":" << place.line << ":" << place.column << ": " << difference.schema << "\n  topic "
            << difference.topic << "\n  payload " << difference.payload << "\n";
  for (const normalize::FieldDifference& field : difference.fields) {
    const std::string near = field.near.empty() ? "" : "; did you mean '" + field.near + "'?";
    const std::string missing = field.found.empty() ? "  (missing" + near + ")" : "";
    const std::string unexpected = field.expected.empty() ? "  (not in the example)" : "";
    if (!field.expected.empty())
      std::cout << paint("  - " + field.field + ": " + field.expected + missing, false) << "\n";
    if (!field.found.empty()) std::cout << paint("  + " + field.field + ": " + field.found + unexpected, true) << "\n";
  }
}

/// Prints every example that differs; returns how many there were in all.
std::size_t test(const Library& library, std::size_t& differing) {
  std::size_t examples = 0;
  for (const Family& family : library.families())
    for (const normalize::MessageSchema& message : family.messages) examples += message.examples.size();
  for (const normalize::Difference& difference : normalize::run_examples(library)) {
    print(difference);
    differing += 1;
  }
  return examples;
}

int tell(std::size_t examples, std::size_t differing) {
  std::cerr << examples << (examples == 1 ? " example, " : " examples, ") << differing << " differ\n";
  return differing == 0 ? exit_ok : exit_data;
}

/// Each file alone: its own mistakes are shown, not those of its neighbours.
int test_files(const std::vector<std::filesystem::path>& files) {
  std::size_t examples = 0, differing = 0;
  normalize::Problems problems;
  for (const std::filesystem::path& file : files) {
    Library::Sources sources;
    sources.dirs = {file};
    if (const auto library = Library::load(sources, problems)) examples += test(*library, differing);
  }
  if (!problems.empty()) {
    std::cout << problems.text();
    return exit_config;
  }
  return tell(examples, differing);
}

}  // namespace

int schemas(const SchemasOptions& options) {
  if (options.what == SchemasOptions::What::test && !options.files.empty()) return test_files(options.files);
  const auto use = schemas_in_use(options.config_file);
  if (!use) return exit_config;
  switch (options.what) {
    case SchemasOptions::What::list:
      return list(*use->library);
    case SchemasOptions::What::show:
      return show(*use->library, options.name);
    case SchemasOptions::What::doc:
      std::cout << normalize::document(use->library->families());
      return exit_ok;
    case SchemasOptions::What::test:
      break;
  }
  std::size_t differing = 0;
  const std::size_t examples = test(*use->library, differing);
  return tell(examples, differing);
}

}  // namespace sluice::app
