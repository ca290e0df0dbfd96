#include "gateway/app/config_expansion.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

#include <errno.h>
#include <sys/stat.h>

namespace sluice::app {

namespace {

constexpr std::size_t secret_size_max = 64 * 1024;
constexpr std::string_view how_to_write = "write ${env:NAME} or ${file:PATH}, and $${ for a plain ${";

class Expansion {
 public:
  Expansion(const normalize::YamlNode& scalar, const std::filesystem::path& folder, normalize::Problems& problems,
            normalize::Problems& warnings)
      : scalar_(scalar), folder_(folder), problems_(problems), warnings_(warnings) {}

  std::optional<std::string> run() {
    std::string_view rest = scalar_.text;
    std::string out;
    bool complete = true;
    for (std::size_t at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
      if (at > 0 && rest[at - 1] == '$') {
        out.append(rest, 0, at - 1).append("${");
        rest.remove_prefix(at + 2);
        continue;
      }
      out.append(rest, 0, at);
      const std::size_t end = rest.find('}', at);
      if (end == std::string_view::npos) return fail("a ${ without its }; " + std::string(how_to_write));
      const auto text = replacement(rest.substr(at + 2, end - at - 2));
      if (text) out += *text;
      complete = complete && text.has_value();
      rest.remove_prefix(end + 1);
    }
    out += rest;
    if (!complete) return std::nullopt;
    return out;
  }

 private:
  std::nullopt_t fail(std::string message) {
    problems_.add(scalar_.place, std::move(message));
    return std::nullopt;
  }

  std::optional<std::string> replacement(std::string_view inside) {
    if (inside.starts_with("env:")) return variable(std::string(inside.substr(4)));
    if (inside.starts_with("file:")) return file(std::string(inside.substr(5)));
    return fail("${" + std::string(inside) + "} says not where from; " + std::string(how_to_write));
  }

  std::optional<std::string> variable(const std::string& name) {
    if (const char* text = std::getenv(name.c_str())) return text;
    return fail("${env:" + name + "}: there is no such environment variable");
  }

  std::optional<std::string> file(const std::string& name) {
    const std::filesystem::path path = folder_ / name;
    FileText read = read_text_file(path, secret_size_max);
    if (!read.text) return fail("${file:" + name + "}: " + path.string() + " " + read.why_not);
    if (const std::string who = open_to_everybody(path); !who.empty())
      warnings_.add(scalar_.place, path.string() + ": " + who + "; take that away with chmod o= " + path.string());
    std::string& text = *read.text;
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return std::move(text);
  }

  const normalize::YamlNode& scalar_;
  const std::filesystem::path& folder_;
  normalize::Problems& problems_;
  normalize::Problems& warnings_;
};

}  // namespace

std::optional<std::string> expand(const normalize::YamlNode& scalar, const std::filesystem::path& folder,
                                  normalize::Problems& problems, normalize::Problems& warnings) {
  return Expansion(scalar, folder, problems, warnings).run();
}

FileText read_text_file(const std::filesystem::path& path, std::size_t size_max) {
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) return {{}, "is a folder"};
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return {{}, "cannot be read: " + std::string(std::strerror(errno))};
  std::string text(size_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return {{}, "cannot be read: " + std::string(std::strerror(errno))};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > size_max) return {{}, "is larger than " + std::to_string(size_max / 1024) + " KiB"};
  return {std::move(text), {}};
}

std::string open_to_everybody(const std::filesystem::path& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return {};
  if (facts.st_mode & S_IWOTH) return "everybody on this machine may change it";
  if (facts.st_mode & S_IROTH) return "everybody on this machine may read it";
  return {};
}

}  // namespace sluice::app
