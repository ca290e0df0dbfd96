// The files of deploy/, used as their reader would.
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/stage/mosquitto.h"
#include "tests/stage/process.h"
#include "tests/stage/temp_folder.h"

namespace sluice::app {
namespace {

const std::filesystem::path deploy = SLUICE_SOURCE_DIR "/deploy";

/// Debian 12's /etc/mosquitto/mosquitto.conf with sluice.conf in its conf.d.
class BrokerSettings : public testing::Test {
 protected:
  std::vector<std::string> stock() const {
    std::filesystem::create_directory(folder_ / "conf.d");
    std::filesystem::copy_file(deploy / "mosquitto/sluice.conf", folder_ / "conf.d/sluice.conf");
    return {"pid_file " + (folder_ / "pid").string(), "persistence true",
            "persistence_location " + folder_.path().string() + "/", "log_dest file " + (folder_ / "log").string(),
            "include_dir " + (folder_ / "conf.d").string()};
  }

  std::vector<std::string> client(const std::string& program, std::vector<std::string> options) const {
    std::vector<std::string> command = {program, "-h", "127.0.0.1", "-p", std::to_string(broker_.port())};
    command.insert(command.end(), options.begin(), options.end());
    return command;
  }

  void subscribe_and_leave() const {
    ASSERT_EQ(stage::run_to_end(client("mosquitto_sub", {"-c", "-i", "away", "-q", "1", "-t", "t", "-E"})).code, 0);
  }

  stage::TempFolder folder_;
  stage::Mosquitto broker_{stock()};
};

TEST_F(BrokerSettings, keep_what_devices_say_at_qos_0_while_the_gateway_is_away) {
  subscribe_and_leave();
  ASSERT_EQ(stage::run_to_end(client("mosquitto_pub", {"-q", "0", "-t", "t", "-m", "hello"})).code, 0);
  const auto back =
      stage::run_to_end(client("mosquitto_sub", {"-c", "-i", "away", "-q", "1", "-t", "t", "-C", "1", "-W", "20"}));
  EXPECT_EQ(back.output, "hello\n");
}

TEST_F(BrokerSettings, keep_more_than_a_thousand_messages_and_over_a_restart) {
  subscribe_and_leave();
  const std::string many = (folder_ / "many").string();
  std::string lines;
  for (int i = 0; i < 1500; ++i) lines += std::to_string(i) + "\n";
  stage::write_file(many, lines);
  const auto command = client("mosquitto_pub", {"-q", "1", "-t", "t", "-l"});
  std::string shell = "exec";
  for (const std::string& word : command) shell += " " + word;
  ASSERT_EQ(stage::run_to_end({"sh", "-c", shell + " < " + many}).code, 0);
  broker_.stop();
  broker_.start();
  const auto back =
      stage::run_to_end(client("mosquitto_sub", {"-c", "-i", "away", "-q", "1", "-t", "t", "-C", "1500", "-W", "20"}));
  EXPECT_EQ(back.output, lines);
}

class Install : public testing::Test {
 protected:
  void install(const std::string& prefix) const {
    const auto done = stage::run_to_end({"cmake", "-DCMAKE_INSTALL_PREFIX=" + prefix, "-Dsource=" + deploy.string(),
                                         "-Dprepared=" + (folder_ / "prepared").string(), "-Dbin=bin",
                                         "-Dshare=share/sluice", "-P", (deploy / "install.cmake").string()},
                                        {"DESTDIR=" + root().string()});
    ASSERT_EQ(done.code, 0) << done.output;
  }
  std::filesystem::path root() const { return folder_ / "root"; }
  std::string text(const std::string& path) const { return stage::read_file(root() / path); }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  const stage::TempFolder folder_;
};

TEST_F(Install, below_usr_lies_where_systemd_looks) {
  install("/usr");
  EXPECT_EQ(std::filesystem::status(root() / "etc/sluice/sluice.yaml").permissions(), std::filesystem::perms(0640));
  EXPECT_TRUE(has(text("usr/lib/systemd/system/sluice.service"),
                  "\nExecStart=/usr/bin/sluice run --config /etc/sluice/sluice.yaml\n"));
  EXPECT_TRUE(has(text("usr/lib/tmpfiles.d/sluice.conf"), "\nz /etc/sluice/sluice.yaml 0640 root sluice -\n"));
  EXPECT_TRUE(has(text("usr/share/sluice/sluice.yaml"), "$schema=/usr/share/sluice/sluice.schema.json\n"));
}

TEST_F(Install, below_usr_local_has_its_configuration_in_etc) {
  install("/usr/local");
  EXPECT_TRUE(std::filesystem::exists(root() / "etc/sluice/sluice.yaml"));
  EXPECT_TRUE(has(text("usr/local/lib/systemd/system/sluice.service"),
                  "\nExecStart=/usr/local/bin/sluice run --config /etc/sluice/sluice.yaml\n"));
}

TEST_F(Install, elsewhere_touches_nothing_outside) {
  install("/opt/sluice");
  EXPECT_FALSE(std::filesystem::exists(root() / "etc"));
  EXPECT_TRUE(std::filesystem::exists(root() / "opt/sluice/etc/sluice/sluice.yaml"));
  EXPECT_TRUE(has(text("opt/sluice/lib/systemd/system/sluice.service"),
                  "\nExecStart=/opt/sluice/bin/sluice run --config /opt/sluice/etc/sluice/sluice.yaml\n"));
  EXPECT_TRUE(has(text("opt/sluice/lib/systemd/system/sluice.service"),
                  "\nExecReload=/opt/sluice/bin/sluice check --config /opt/sluice/etc/sluice/sluice.yaml\n"));
}

TEST_F(Install, keeps_a_configuration_that_is_there) {
  std::filesystem::create_directories(root() / "etc/sluice");
  stage::write_file(root() / "etc/sluice/sluice.yaml", "mine\n");
  install("/usr");
  EXPECT_EQ(text("etc/sluice/sluice.yaml"), "mine\n");
}

}  // namespace
}  // namespace sluice::app
