#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sluice::stage {

/// A certificate and its key, PEM files.
struct Certificate {
  std::filesystem::path cert_file;
  std::filesystem::path key_file;
};

/// A certificate authority of the test's own, made with the `openssl` command (EC P-256: some milliseconds each). Every
/// file lies in `folder`, which must outlive it.
class Authority {
 public:
  explicit Authority(std::filesystem::path folder, std::string name = "authority");

  const std::filesystem::path& ca_file() const { return ca_.cert_file; }

  /// For a server with these names: "localhost", "127.0.0.1", "::1", "other.example". `days` of 0: expired already.
  Certificate server(const std::vector<std::string>& names = {"localhost", "127.0.0.1", "::1"}, int days = 30);
  /// For a client that shows this common name.
  Certificate client(const std::string& common_name);

 private:
  Certificate make(const std::string& common_name, const std::vector<std::string>& extensions, int days);

  std::filesystem::path folder_;
  std::string name_;
  Certificate ca_;
  int made_ = 0;
};

}  // namespace sluice::stage
