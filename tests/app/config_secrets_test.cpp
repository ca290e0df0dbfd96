#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

std::string with_password(const std::string& text) {
  return "gateway: { id: a }\nlocal_broker:\n  url: mqtt://b\n  username: u\n  password: " + text +
         "\nclouds: [{ name: c, type: webhook, url: 'https://c' }]\n";
}

std::string password(const std::string& text, const std::filesystem::path& file = "sluice.yaml") {
  const auto config = read(with_password(text), file);
  return config ? config->local_broker.password : "refused";
}

TEST(ConfigSecrets, come_from_the_environment) {
  const Variable secret("SLUICE_TEST_SECRET", "open sesame");
  EXPECT_EQ(password("${env:SLUICE_TEST_SECRET}"), "open sesame");
  EXPECT_EQ(password("'<${env:SLUICE_TEST_SECRET}|${env:SLUICE_TEST_SECRET}>'"), "<open sesame|open sesame>");
}

TEST(ConfigSecrets, come_from_files_beside_the_configuration) {
  const stage::TempFolder folder;
  write_file(folder / "secret", "open sesame");
  EXPECT_EQ(password("${file:secret}", folder / "sluice.yaml"), "open sesame");
  EXPECT_EQ(password("${file:" + (folder / "secret").string() + "}", "/elsewhere/sluice.yaml"), "open sesame");
}

TEST(ConfigSecrets, lose_one_line_end_and_no_more) {
  const stage::TempFolder folder;
  write_file(folder / "unix", " a \n");
  write_file(folder / "dos", " a \r\n");
  write_file(folder / "two", "a\n\n");
  EXPECT_EQ(password("${file:unix}", folder / "sluice.yaml"), " a ");
  EXPECT_EQ(password("${file:dos}", folder / "sluice.yaml"), " a ");
  EXPECT_EQ(complaints(with_password("${file:two}"), folder / "s.yaml"),
            (folder / "s.yaml").string() +
                ":5:13: local_broker.password: must be one line of UTF-8 without control characters\n");
}

TEST(ConfigSecrets, what_they_bring_is_not_filled_in_again) {
  const Variable inner("SLUICE_TEST_INNER", "no");
  const Variable outer("SLUICE_TEST_OUTER", "${env:SLUICE_TEST_INNER}");
  EXPECT_EQ(password("${env:SLUICE_TEST_OUTER}"), "${env:SLUICE_TEST_INNER}");
}

TEST(ConfigSecrets, dollar_signs_stay_what_they_are) {
  EXPECT_EQ(password("a$b$$c{d}"), "a$b$$c{d}");
  EXPECT_EQ(password("$${env:HOME}"), "${env:HOME}");
}

TEST(ConfigSecrets, missing_ones_are_problems_at_their_place) {
  const stage::TempFolder folder;
  const std::string at = (folder / "s.yaml").string() + ":5:13: ";
  const auto said = [&](const std::string& text) { return complaints(with_password(text), folder / "s.yaml"); };
  EXPECT_EQ(said("${env:SLUICE_TEST_NONE}"), at + "${env:SLUICE_TEST_NONE}: there is no such environment variable\n");
  EXPECT_EQ(said("${file:none}"),
            at + "${file:none}: " + (folder / "none").string() + " cannot be read: No such file or directory\n");
  EXPECT_EQ(said("${file:.}"), at + "${file:.}: " + (folder / ".").string() + " is a folder\n");
  EXPECT_EQ(said("${file:/dev/zero}"), at + "${file:/dev/zero}: /dev/zero is larger than 64 KiB\n");
  EXPECT_EQ(said("${TOKEN}"),
            at + "${TOKEN} says not where from; write ${env:NAME} or ${file:PATH}, and $${ for a plain ${\n");
  EXPECT_EQ(said("${env:A"), at + "a ${ without its }; write ${env:NAME} or ${file:PATH}, and $${ for a plain ${\n");
}

TEST(ConfigSecrets, all_missing_ones_of_one_text_are_told) {
  const std::string said = complaints(with_password("${env:SLUICE_TEST_A}${env:SLUICE_TEST_B}"));
  EXPECT_NE(said.find("SLUICE_TEST_A"), std::string::npos) << said;
  EXPECT_NE(said.find("SLUICE_TEST_B"), std::string::npos) << said;
}

TEST(ConfigSecrets, empty_ones_are_refused_and_do_not_become_no_password) {
  const Variable empty("SLUICE_TEST_SECRET", "");
  EXPECT_EQ(complaints(with_password("${env:SLUICE_TEST_SECRET}")),
            "sluice.yaml:5:13: local_broker.password: is empty; write a value or take the line away\n");
}

/// Every key there is gets a secret that it cannot be, or can: no complaint may repeat it.
TEST(ConfigSecrets, never_stand_in_a_message) {
  std::string everywhere;
  const std::string s = "\"${env:SLUICE_TEST_SECRET}\"";
  for (const std::string key : {"id", "data_dir", "timezone"}) everywhere += key + ": " + s + ", ";
  std::string text = "gateway: { " + everywhere + "}\nlocal_broker: { ";
  for (const std::string key :
       {"url", "client_id", "username", "password", "retained", "receive_maximum", "message_size_max"})
    text += key + ": " + s + ", ";
  text += "subscribe: [" + s + "], tls: { ca_file: " + s + ", server_name: " + s + " } }\n";
  text += "schemas: { use: [{ a: { b: " + s + " } }], dirs: [" + s + "], unmatched: " + s + " }\nbuffer: { ";
  for (const std::string key : {"durability", "commit_wait", "size_max", "age_max", "when_full"})
    text += key + ": " + s + ", ";
  text += "}\nclouds: [{ type: webhook, ";
  for (const std::string key : {"name", "url", "allow_plain", "format", "compression", "signing_secret", "timeout"})
    text += key + ": " + s + ", ";
  text += "headers: { x: " + s + " }, auth: { bearer: " + s + ", username: " + s + ", password: " + s + " }, ";
  text += "batch: { count_max: " + s + ", bytes_max: " + s + ", wait_max: " + s + " }, tls: { ca_file: " + s + " }, ";
  text += "uplink: { only: { devices: [" + s + "], kinds: [" + s + "] } } }, { name: b, type: " + s + " }]\n";
  text += "api: { listen: " + s + ", token: " + s + ", hosts: [" + s + "] }\nlog: { level: " + s + " }\n";
  for (const char* value : {"hunter2\x01 a/#/b", "hunter2", "hunter2 a/#/b", "mqtt://hunter2@b", "https://hunter2@b"}) {
    const Variable secret("SLUICE_TEST_SECRET", value);
    const std::string said = complaints(text);
    EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
    EXPECT_GT(std::count(said.begin(), said.end(), '\n'), 10) << said;
  }
}

TEST(ConfigSecrets, written_in_the_file_they_do_not_stand_in_a_message_either) {
  const std::string said = complaints(
      "gateway: { id: a }\nlocal_broker: { url: 'mqtt://u:hunter2@b', password: hunter2 }\n"
      "clouds: [{ name: a, type: webhook, url: 'https://u:hunter2@b/?code=hunter2', signing_secret: hunter2, "
      "auth: { bearer: 'Bearer hunter2' } }]\napi: { token: 'hunter2 ' }\n");
  EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 6) << said;
}

TEST(ConfigSecrets, warn_when_everybody_may_read_them) {
  const stage::TempFolder folder;
  const std::filesystem::path secret = folder / "secret";
  write_file(secret, "open sesame");
  const auto warnings = [&] {
    const auto config = read(with_password("${file:secret}"), folder / "s.yaml");
    return config ? config->warnings.text() : "refused";
  };
  EXPECT_EQ(warnings(), "");
  std::filesystem::permissions(secret, std::filesystem::perms(0644));
  EXPECT_EQ(warnings(), (folder / "s.yaml").string() + ":5:13: " + secret.string() +
                            ": everybody on this machine may read it; take that away with chmod o= " + secret.string() +
                            "\n");
}

TEST(ConfigSecrets, warn_when_they_stand_in_an_open_file) {
  const stage::TempFolder folder;
  const std::filesystem::path file = folder / "sluice.yaml";
  const auto warnings = [&](const std::string& text, int mode) {
    write_file(file, text);
    std::filesystem::permissions(file, std::filesystem::perms(mode));
    normalize::Problems problems;
    const auto config = read_config(file, problems);
    return config ? config->warnings.text() : "refused";
  };
  const std::string mend = "; take that away with chmod o= " + file.string() + "\n";
  EXPECT_EQ(warnings(with_password("x"), 0640), "");
  EXPECT_EQ(warnings(with_cloud(""), 0644), "");
  EXPECT_EQ(warnings(with_password("x"), 0644),
            file.string() + ": everybody on this machine may read it, and a secret stands in it" + mend);
  EXPECT_EQ(warnings(with_cloud(""), 0666), file.string() + ": everybody on this machine may change it" + mend);
}

}  // namespace
}  // namespace sluice::app
