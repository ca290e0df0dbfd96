#include "tests/stage/certificates.h"

#include <cctype>
#include <utility>

#include "gateway/core/assert.h"
#include "tests/stage/process.h"

namespace sluice::stage {
namespace {

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  const Finished finished = run_to_end(std::move(arguments));
  if (finished.code != 0) write_file("/dev/stderr", finished.output);
  SLUICE_ASSERT(finished.code == 0);
}

bool is_address(const std::string& name) {
  return name.find(':') != std::string::npos || std::isdigit(static_cast<unsigned char>(name.back())) != 0;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text = "subjectAltName=";
  for (const std::string& name : names) text += (is_address(name) ? "IP:" : "DNS:") + name + ",";
  text.pop_back();
  return text;
}

std::vector<std::string> new_key(const std::filesystem::path& key_file, const std::string& common_name) {
  return {"-newkey",         "ec",    "-pkeyopt",          "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
          key_file.string(), "-subj", "/CN=" + common_name};
}

void append(std::vector<std::string>& command, const std::vector<std::string>& more) {
  command.insert(command.end(), more.begin(), more.end());
}

}  // namespace

Authority::Authority(std::filesystem::path folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)), ca_{folder_ / (name_ + ".pem"), folder_ / (name_ + ".key")} {
  std::vector<std::string> command = {"req", "-x509", "-days", "30", "-out", ca_.cert_file.string()};
  append(command, new_key(ca_.key_file, name_));
  append(command, {"-addext", "keyUsage=critical,keyCertSign,cRLSign"});
  openssl(std::move(command));
}

Certificate Authority::server(const std::vector<std::string>& names, int days) {
  return make(names.at(0), {alternative_names(names), "extendedKeyUsage=serverAuth"}, days);
}

Certificate Authority::client(const std::string& common_name) {
  return make(common_name, {"extendedKeyUsage=clientAuth"}, 30);
}

Certificate Authority::make(const std::string& common_name, const std::vector<std::string>& extensions, int days) {
  const std::string stem = name_ + "-" + std::to_string(++made_);
  const Certificate made{folder_ / (stem + ".pem"), folder_ / (stem + ".key")};
  const std::string request = (folder_ / (stem + ".csr")).string();

  std::vector<std::string> command = {"req", "-new", "-out", request};
  append(command, new_key(made.key_file, common_name));
  append(command, {"-addext", "basicConstraints=critical,CA:FALSE"});
  for (const std::string& extension : extensions) append(command, {"-addext", extension});
  openssl(std::move(command));

  // `openssl req` refuses a validity of 0 days; `x509` signs one that ended yesterday.
  openssl({"x509", "-req", "-in", request, "-CA", ca_.cert_file.string(), "-CAkey", ca_.key_file.string(),
           "-copy_extensions", "copyall", "-days", std::to_string(days > 0 ? days : -1), "-out",
           made.cert_file.string()});
  return made;
}

}  // namespace sluice::stage
