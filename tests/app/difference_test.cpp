// What a reload takes up, and what it refuses.
#include "gateway/app/difference.h"

#include <gtest/gtest.h>

#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

using Words = std::vector<std::string>;

/// With a schema of its own, and one cloud.
class DifferenceTest : public testing::Test {
 protected:
  DifferenceTest() {
    std::filesystem::create_directory(folder_ / "schemas");
    std::filesystem::create_directory(folder_ / "shipped");
    schema("power");
  }

  void schema(const std::string& name) const {
    write_file(folder_ / "schemas/plug.yaml", "family: plug\nmessages:\n  - name: power\n    topic: plug/{device}/" +
                                                  name + "\n    format: text\n    readings: { power: value }\n");
  }
  /// A whole configuration; `more` is added at its end.
  std::string text(const std::string& more = "") const {
    return "gateway: { id: home-pi }\n"
           "local_broker: { url: mqtt://localhost }\n"
           "schemas: { dirs: [./schemas], use: [plug] }\n"
           "clouds:\n"
           "  - { name: hooks, type: webhook, url: \"https://example.org/in\" }\n" +
           more;
  }
  static std::string with(std::string text, const std::string& before, const std::string& after) {
    const std::size_t at = text.find(before);
    SLUICE_ASSERT(at != std::string::npos);
    return text.replace(at, before.size(), after);
  }
  app::Setup setup(const std::string& text) const {
    normalize::Problems problems;
    auto config = read_config_text(text, folder_ / "sluice.yaml", problems);
    std::optional<app::Setup> made;
    if (config) made = make_setup(std::move(*config), problems);
    EXPECT_TRUE(made) << problems.text();
    return std::move(*made);
  }
  Words words(const std::string& next) const { return difference(setup(text()), setup(next)).words(); }
  std::string refusals(const std::string& next) const {
    normalize::Problems problems;
    refuse_what_needs_a_restart(setup(text()).config, setup(next).config, problems);
    return problems.text();
  }

  const stage::TempFolder folder_;
  const Variable shipped_{"SLUICE_SCHEMAS", (folder_ / "shipped").c_str()};
};

TEST_F(DifferenceTest, NothingIsNothing) {
  EXPECT_EQ(words(text()), Words{});
  EXPECT_EQ(words(text("# a remark\nlog: { level: info }\n")), Words{}) << "a default that is written out";
  EXPECT_EQ(refusals(text()), "");
}

TEST_F(DifferenceTest, ASchemaFileThatSaysSomethingElse) {
  const app::Setup before = setup(text());
  schema("energy");
  const Difference found = difference(before, setup(text()));
  EXPECT_TRUE(found.schemas);
  EXPECT_TRUE(found.subscription);
  EXPECT_FALSE(found.connection);
  schema("power");
  EXPECT_EQ(difference(before, setup(text())).words(), Words{});
}

TEST_F(DifferenceTest, WhatIsDoneWithSchemas) {
  EXPECT_TRUE(difference(setup(text()), setup(with(text(), "use: [plug]", "use: [plug], unmatched: auto"))).schemas);
  EXPECT_TRUE(difference(setup(text()), setup(with(text(), "home-pi", "home-pi, timezone: Asia/Tokyo"))).schemas);
}

TEST_F(DifferenceTest, EachCloudByItself) {
  const std::string two = text("  - { name: other, type: webhook, url: \"https://example.com/in\" }\n");
  EXPECT_EQ(words(two), Words{"cloud 'other' added"});
  const Difference gone = difference(setup(two), setup(text()));
  EXPECT_EQ(gone.removed, Words{"other"});
  EXPECT_EQ(words(with(text(), "/in\"", "/in\", compression: gzip")), Words{"cloud 'hooks' changed: connected anew"});
  EXPECT_EQ(words(with(text(), "/in\"", "/in\", headers: { x-key: a }")),
            Words{"cloud 'hooks' changed: connected anew"});
  EXPECT_EQ(words(with(text(), "/in\"", "/in\", downlink: { in_answers: true }")),
            Words{"cloud 'hooks' changed: connected anew"});
}

TEST_F(DifferenceTest, ASecretThatIsKeptElsewhere) {
  write_file(folder_ / "key", "one\n");
  const std::string keyed = with(text(), "/in\"", "/in\", auth: { bearer: \"${file:key}\" }");
  const app::Setup before = setup(keyed);
  EXPECT_EQ(difference(before, setup(keyed)).words(), Words{});
  write_file(folder_ / "key", "two\n");
  const Difference found = difference(before, setup(keyed));
  EXPECT_EQ(found.changed, Words{"hooks"});
  EXPECT_EQ(found.words(), Words{"cloud 'hooks' changed: connected anew"}) << "and no secret is told";
}

TEST_F(DifferenceTest, ACertificateThatWasRenewed) {
  write_file(folder_ / "ca.pem", "one");
  const std::string tls = with(text(), "mqtt://localhost", "mqtts://localhost, tls: { ca_file: ca.pem }");
  const app::Setup before = setup(tls);
  EXPECT_FALSE(difference(before, setup(tls)).connection);
  write_file(folder_ / "ca.pem", "two");
  EXPECT_TRUE(difference(before, setup(tls)).connection);
}

TEST_F(DifferenceTest, TheLocalBroker) {
  const auto found = [&](const std::string& more) {
    return difference(setup(text()), setup(with(text(), "mqtt://localhost", "mqtt://localhost, " + more)));
  };
  EXPECT_TRUE(found("username: me").connection);
  EXPECT_TRUE(found("receive_maximum: 10").connection);
  EXPECT_TRUE(found("subscribe: [plug/#]").subscription);
  EXPECT_FALSE(found("subscribe: [plug/#]").connection);
  EXPECT_TRUE(found("retained: ignore").taking);
  EXPECT_FALSE(found("retained: ignore").connection);
}

TEST_F(DifferenceTest, TheRest) {
  EXPECT_TRUE(difference(setup(text()), setup(text("buffer: { size_max: 1MiB }\n"))).limits);
  EXPECT_TRUE(difference(setup(text()), setup(text("api: { hosts: [pi.local] }\n"))).api);
  EXPECT_TRUE(difference(setup(text()), setup(text("log: { level: debug }\n"))).log_level);
  EXPECT_TRUE(difference(setup(text()), setup(text("commands: { expire_after: 5s }\n"))).commands);
  EXPECT_TRUE(difference(setup(text()), setup(text("buffer: { commit_wait: 5ms }\n"))).taking);
}

TEST_F(DifferenceTest, WhatNeedsARestartIsRefusedAtItsPlace) {
  EXPECT_EQ(refusals(with(text(), "home-pi", "other")),
            (folder_ / "sluice.yaml").string() +
                ":1:16: gateway.id cannot change while the gateway runs: restart it, or put the old value back\n")
      << "that the client id follows it is not told";
  EXPECT_NE(refusals(with(text(), "mqtt://localhost", "mqtt://localhost, client_id: me")), "");
  EXPECT_NE(refusals(text("buffer: { durability: process_crash }\n")).find(":6:23: buffer.durability"),
            std::string::npos);
  for (const char* other : {"api: { listen: \"127.0.0.1:9\" }", "log: { format: json }"})
    EXPECT_NE(refusals(text(std::string(other) + "\n")), "") << other;
  EXPECT_NE(refusals(with(text(), "home-pi", "home-pi, data_dir: /tmp/elsewhere")), "");
  EXPECT_EQ(refusals(text("buffer: { durability: power_cut }\n")), "") << "the default, written out";
}

}  // namespace
}  // namespace sluice::app
