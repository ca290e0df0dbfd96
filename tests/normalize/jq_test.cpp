#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>

#include "gateway/normalize/jq_worker.h"
#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::SchemaStage;

TEST(Jq, reshapes_a_payload_before_addresses_are_applied) {
  SchemaStage stage({R"(
family: t
messages:
- name: m
  topic: t/{device}
  format: json
  jq: '{time: .ts, list: [.values | to_entries[] | {k: .key, v: (.value * 10)}]}'
  each: /list
  readings: { "{/k}": /v }
)"});
  const json events = stage.send("t/d", R"({"ts":1,"values":{"a":1,"b":2.5}})");
  ASSERT_EQ(events.size(), 2u) << events;
  EXPECT_EQ(events[1]["readings"], json::parse(R"({"b":{"value":25}})"));
}

TEST(Jq, when_looks_at_the_reshaped_payload) {
  SchemaStage stage({SchemaStage::file_with("format: json, jq: '{a: .b}', when: /a, readings: { a: /a }")});
  EXPECT_EQ(stage.send("t/d", R"({"b":1})").size(), 1u);
  EXPECT_EQ(stage.send("t/d", R"({"a":1})"), "ignored");
}

TEST(Jq, no_result_says_nothing_and_several_are_refused) {
  SchemaStage stage({SchemaStage::file_with("format: json, jq: '.list[]', readings: { a: /a }")});
  EXPECT_EQ(stage.send("t/d", R"({"list":[]})"), "ignored");
  EXPECT_EQ(stage.send("t/d", R"({"list":[{"a":1}]})").size(), 1u);
  EXPECT_EQ(stage.send("t/d", R"({"list":[{"a":1},{"a":2}]})"),
            "quarantined: t/m: jq: jq: more than one result; gather them in a list: [...]");
  EXPECT_EQ(stage.send("t/d", R"({"list":7})"), "quarantined: t/m: jq: jq: Cannot iterate over number (7)");
  EXPECT_TRUE(stage.send("t/d", "x").get<std::string>().starts_with("quarantined: t/m: : not JSON"));
}

/// The result, or why there is none.
std::string run(JqWorker& worker, std::size_t program, std::string_view payload) {
  const Result<std::string> result = worker.run(program, payload);
  return result ? *result : "failed: " + result.error().message;
}

TEST(Jq, a_program_without_end_is_ended_and_the_next_message_is_read) {
  JqWorker worker({"if .loop then def f: f; f else . end"});
  EXPECT_EQ(run(worker, 0, R"({"loop":true})"), "failed: the program took longer than 1 s");
  EXPECT_EQ(run(worker, 0, R"({"loop":false})"), R"({"loop":false})");
}

TEST(Jq, a_program_that_takes_all_memory_is_ended) {
  // With time enough to take it, however slow the machine is.
  JqWorker worker({"reduce range(13) as $i (.; . + .) | length"}, std::chrono::minutes(1));
  EXPECT_EQ(run(worker, 0, '"' + std::string(65'536, 'x') + '"'),
            "failed: the program took more than 256 MiB, or failed in itself");
  EXPECT_EQ(run(worker, 0, R"("x")"), "8192");
}

TEST(Jq, does_not_see_the_gateways_environment) {
  setenv("SLUICE_TEST_SECRET", "hidden", 1);
  JqWorker worker({"env.SLUICE_TEST_SECRET", "$ENV.SLUICE_TEST_SECRET"});
  EXPECT_EQ(run(worker, 0, "1"), "null");
  EXPECT_EQ(run(worker, 1, "1"), "null");
  unsetenv("SLUICE_TEST_SECRET");
}

/// The children of this process, by /proc.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream list(task.path() / "children");
    for (pid_t one; list >> one;) found.push_back(one);
  }
  return found;
}

TEST(Jq, its_process_ends_with_the_worker_and_is_replaced_when_it_is_killed) {
  {
    JqWorker worker({"."});
    EXPECT_TRUE(children().empty()) << "started before it is needed";
    ASSERT_TRUE(worker.run(0, "1"));
    const std::vector<pid_t> started = children();
    ASSERT_EQ(started.size(), 1u);
    kill(started[0], SIGKILL);
    // The message that meets the dead process may be lost to it; none after that.
    (void)worker.run(0, "1");
    EXPECT_EQ(run(worker, 0, "2"), "2");
  }
  EXPECT_TRUE(children().empty());
}

}  // namespace
}  // namespace sluice::normalize
