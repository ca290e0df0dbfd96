#include "gateway/store/inbox.h"

#include <gtest/gtest.h>

#include "gateway/store/database.h"
#include "tests/store/stage.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using Ids = std::vector<std::string>;

struct InboxTest : testing::Test {
  void SetUp() override {
    stage.options.durability = Durability::process_crash;
    ASSERT_TRUE(stage.open());
    ASSERT_TRUE(stage.store->keep_clouds({"a", "b"}));
  }
  KeptCommand command(std::int64_t number, const std::string& id) {
    KeptCommand kept;
    kept.number = number;
    kept.command = {id, "a", "plug/x", "power", R"({"state":"ON"})", stage.clock.wall_time() + 60s};
    kept.accepted_at = kept.progress.at = stage.clock.wall_time();
    kept.digest = 0xfedcba9876543210;
    return kept;
  }
  CommandProgress progress(CommandState state, bool ended) {
    CommandProgress made;
    made.state = state;
    made.ended = ended;
    made.status = ended ? 504 : 202;
    made.at = stage.clock.wall_time();
    return made;
  }
  CommandChange end(std::int64_t number, CommandState state = CommandState::unanswered) {
    return {number, progress(state, true)};
  }
  void keep(std::int64_t number, const std::string& id, bool ended = true) {
    Batch batch;
    batch.commands.push_back(command(number, id));
    if (ended) batch.changes.push_back(end(number));
    ASSERT_TRUE(stage.store->append(batch));
  }
  bool knows(const std::string& id) {
    const auto found = stage.store->find_command(id);
    EXPECT_TRUE(found);
    return found && found->has_value();
  }
  Ids owed(const std::string& cloud, std::size_t count = 100) {
    const auto answers = stage.store->owed_answers(cloud, count);
    EXPECT_TRUE(answers);
    Ids all;
    for (const OwedAnswer& each : *answers) all.push_back(each.id + "@" + each.reply_to);
    return all;
  }
  static Ids ids_of(const Result<std::vector<KeptCommand>>& commands) {
    EXPECT_TRUE(commands);
    Ids all;
    for (const KeptCommand& each : *commands) all.push_back(each.command.id);
    return all;
  }
  /// As a gateway does that has run for a while: the clock was looked at, and ran evenly.
  void let_clock_be_trusted() {
    ASSERT_TRUE(stage.store->step());
    stage.clock.advance(2min);
    ASSERT_TRUE(stage.store->step());
  }
  Stage stage;
};

TEST_F(InboxTest, keeps_a_command_as_it_was_given) {
  KeptCommand given = command(7, "x'1\"ü");
  given.dated = false;
  given.progress.reason = "because";
  ASSERT_TRUE(stage.store->append({.commands = {given}}));
  ASSERT_TRUE(stage.open_again());
  const KeptCommand kept = **stage.store->find_command("x'1\"ü");
  EXPECT_EQ(kept.number, 7);
  EXPECT_EQ(kept.command.id, given.command.id);
  EXPECT_EQ(kept.command.origin, "a");
  EXPECT_EQ(kept.command.device, "plug/x");
  EXPECT_EQ(kept.command.name, "power");
  EXPECT_EQ(kept.command.params, given.command.params);
  EXPECT_EQ(kept.command.expires_at, given.command.expires_at);
  EXPECT_EQ(kept.accepted_at, given.accepted_at);
  EXPECT_FALSE(kept.dated);
  EXPECT_EQ(kept.digest, given.digest);
  EXPECT_EQ(kept.progress.state, CommandState::accepted);
  EXPECT_FALSE(kept.progress.ended);
  EXPECT_EQ(kept.progress.reason, "because");
  EXPECT_FALSE(knows("x"));
}

TEST_F(InboxTest, a_command_without_an_end_of_its_own_has_none) {
  KeptCommand given = command(1, "1");
  given.command.expires_at.reset();
  ASSERT_TRUE(stage.store->append({.commands = {given}}));
  EXPECT_EQ((*stage.store->find_command("1"))->command.expires_at, std::nullopt);
}

TEST_F(InboxTest, a_command_changes_until_it_has_ended) {
  keep(1, "1", false);
  ASSERT_TRUE(stage.store->append({.changes = {{1, progress(CommandState::sent, false)}}}));
  EXPECT_EQ((*stage.store->find_command("1"))->progress.state, CommandState::sent);
  EXPECT_NE((*stage.store->find_command("1"))->command.params, "");
  CommandChange succeeded = end(1, CommandState::succeeded);
  succeeded.progress.reply = R"({"power":1})";
  succeeded.progress.from = R"(["plug/x"])";
  ASSERT_TRUE(stage.store->append({.changes = {succeeded}}));
  ASSERT_TRUE(stage.store->append({.changes = {end(1, CommandState::failed)}}));
  const KeptCommand kept = **stage.store->find_command("1");
  EXPECT_EQ(kept.progress.state, CommandState::succeeded) << "an end is for good";
  EXPECT_EQ(kept.progress.reply, R"({"power":1})");
  EXPECT_EQ(kept.progress.from, R"(["plug/x"])");
  EXPECT_EQ(kept.command.params, "") << "let go with the end";
}

TEST_F(InboxTest, an_id_is_given_once) {
  keep(1, "1");
  EXPECT_FALSE(stage.store->append({.commands = {command(2, "1")}}));
  EXPECT_EQ((*stage.store->find_command("1"))->number, 1);
}

TEST_F(InboxTest, lists_what_is_open_in_order_and_what_is_latest) {
  for (int i = 1; i <= 5; ++i) keep(i, std::to_string(i), i % 2 == 0);
  EXPECT_EQ(ids_of(stage.store->open_commands()), (Ids{"1", "3", "5"}));
  EXPECT_EQ(ids_of(stage.store->latest_commands(3)), (Ids{"5", "4", "3"}));
  EXPECT_EQ(ids_of(stage.store->latest_commands(9)).size(), 5u);
}

TEST_F(InboxTest, an_answer_is_owed_from_the_end_until_it_is_told) {
  keep(1, "1", false);
  ASSERT_TRUE(stage.store->append({.answers = {{1, "a", "there", "1"}, {2, "b", "here", "1"}}}));
  EXPECT_EQ(owed("a"), Ids());
  ASSERT_TRUE(stage.store->append({.changes = {end(1)}}));
  ASSERT_EQ(owed("a"), Ids{"1@there"});
  EXPECT_EQ(owed("b"), Ids{"1@here"});
  const OwedAnswer answer = stage.store->owed_answers("a", 1)->at(0);
  EXPECT_EQ(answer.number, 1);
  ASSERT_TRUE(answer.command);
  EXPECT_EQ(answer.command->progress.state, CommandState::unanswered);
  EXPECT_EQ(answer.command->progress.status, 504);
  ASSERT_TRUE(stage.store->append({.told = {1}}));
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(owed("a"), Ids());
  EXPECT_EQ(owed("b"), Ids{"1@here"});
}

TEST_F(InboxTest, the_same_answer_is_owed_once_and_a_text_each_time) {
  keep(1, "1");
  ASSERT_TRUE(stage.store->append({.answers = {{1, "a", "x", "1"}, {2, "a", "x", "1"}, {3, "a", "y", "1"}}}));
  EXPECT_EQ(owed("a"), (Ids{"1@x", "1@y"}));
  ASSERT_TRUE(stage.store->append({.answers = {{4, "a", "x", "", "{\"n\":1}", 413}, {5, "a", "x", "", "{\"n\":2}"}}}));
  const auto all = stage.store->owed_answers("a", 100);
  ASSERT_EQ(all->size(), 4u);
  EXPECT_EQ(all->at(2).text, "{\"n\":1}");
  EXPECT_EQ(all->at(2).status, 413);
  EXPECT_FALSE(all->at(2).command);
  EXPECT_EQ(all->at(3).text, "{\"n\":2}");
  EXPECT_EQ(owed("a", 2).size(), 2u);
}

TEST_F(InboxTest, a_text_about_a_known_id_is_the_text) {
  keep(1, "1");
  ASSERT_TRUE(stage.store->append({.answers = {{1, "a", "x", "1", "{\"unreadable\":1}"}}}));
  const auto all = stage.store->owed_answers("a", 1);
  EXPECT_EQ(all->at(0).text, "{\"unreadable\":1}");
  EXPECT_FALSE(all->at(0).command);
}

TEST_F(InboxTest, a_cloud_that_is_gone_is_told_nothing_and_has_set_nothing) {
  keep(1, "1");
  ASSERT_TRUE(stage.store->append(
      {.answers = {{1, "a", "x", "1"}, {2, "b", "x", "1"}},
       .settings = {{"a", "plug/x", "level", 1, "twin-1"}, {"b", "plug/x", "level", 2, "twin-2"}}}));
  ASSERT_TRUE(stage.store->keep_clouds({"b"}));
  ASSERT_TRUE(stage.store->keep_clouds({"a", "b"}));
  EXPECT_EQ(owed("a"), Ids());
  EXPECT_EQ(owed("b"), Ids{"1@x"});
  EXPECT_TRUE(knows("1"));
  ASSERT_EQ(stage.store->settings()->size(), 1u);
  EXPECT_EQ(stage.store->settings()->at(0).cloud, "b");
}

TEST_F(InboxTest, what_ended_is_forgotten_after_seven_days) {
  keep(1, "1");
  stage.clock.advance(1h);
  keep(2, "open", false);
  keep(3, "3");
  stage.clock.advance(days(7) - 1h);
  let_clock_be_trusted();
  EXPECT_FALSE(knows("1"));
  EXPECT_TRUE(knows("open"));
  stage.clock.advance(days(30));
  let_clock_be_trusted();
  EXPECT_TRUE(knows("open")) << "it has not ended";
  ASSERT_TRUE(stage.store->append({.changes = {end(2)}}));
  ASSERT_TRUE(stage.store->step());
  EXPECT_FALSE(knows("open"));
  EXPECT_FALSE(knows("3"));
}

TEST_F(InboxTest, age_needs_a_trusted_clock) {
  keep(1, "1");
  stage.clock.set_synced(false);
  stage.clock.advance(days(30));
  let_clock_be_trusted();
  EXPECT_TRUE(knows("1"));
  stage.clock.set_synced(true);
  ASSERT_TRUE(stage.store->step());
  stage.clock.jump(days(30));
  ASSERT_TRUE(stage.store->step());
  EXPECT_TRUE(knows("1")) << "it has just jumped";
}

TEST_F(InboxTest, what_came_undated_is_not_too_old) {
  KeptCommand undated = command(1, "1");
  undated.dated = false;
  undated.accepted_at = Timestamp(Duration(0));
  ASSERT_TRUE(stage.store->append({.commands = {undated}, .changes = {end(1)}}));
  let_clock_be_trusted();
  EXPECT_TRUE(knows("1"));
}

TEST_F(InboxTest, only_so_many_ended_ones_are_kept) {
  const auto many = [](std::int64_t first, std::int64_t count, CommandState state) {
    Batch batch;
    for (std::int64_t number = first; number < first + count; ++number) {
      KeptCommand& one = batch.commands.emplace_back();
      one.number = number;
      one.command.id = std::to_string(number);
      one.progress.state = state;
      one.progress.ended = true;
    }
    return batch;
  };
  keep(1, "1");
  keep(2, "open", false);
  ASSERT_TRUE(stage.store->append(many(3, 1, CommandState::rejected)));
  // Refused ones have a bound of their own: they make nobody else forgotten.
  ASSERT_TRUE(stage.store->append(many(256, Inbox::refused_max + 600, CommandState::rejected)));
  EXPECT_TRUE(knows("1"));
  EXPECT_FALSE(knows("3"));
  ASSERT_TRUE(stage.store->append(many(20'000, Inbox::commands_max + 600, CommandState::succeeded)));
  EXPECT_FALSE(knows("1"));
  EXPECT_TRUE(knows("open")) << "it has not ended";
  EXPECT_TRUE(knows(std::to_string(20'000 + Inbox::commands_max + 599)));
}

TEST_F(InboxTest, only_so_many_answers_are_owed) {
  keep(1, "1");
  ASSERT_TRUE(stage.store->append({.answers = {{1, "a", "x", "1"}, {2, "a", "y", "1"}}}));
  ASSERT_TRUE(stage.store->append({.answers = {{Inbox::answers_max + 1, "a", "z", "1"}}}));
  EXPECT_EQ(owed("a"), (Ids{"1@y", "1@z"}));
}

TEST_F(InboxTest, numbers_go_on_after_a_restart) {
  EXPECT_EQ(stage.store->inbox_numbers()->command, 0);
  keep(41, "1");
  ASSERT_TRUE(stage.store->append({.answers = {{17, "a", "x", "1"}}}));
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(stage.store->inbox_numbers()->command, 41);
  EXPECT_EQ(stage.store->inbox_numbers()->answer, 17);
}

TEST_F(InboxTest, a_setting_is_replaced_and_stays) {
  ASSERT_TRUE(stage.store->append({.settings = {{"a", "plug/x", "level", 1, "twin-1"}}}));
  ASSERT_TRUE(stage.store->append({.settings = {{"a", "plug/x", "level", 0xffff'ffff'ffff'ffff, "twin-2"},
                                                {"a", "plug/y", "level", 3, "twin-2"}}}));
  ASSERT_TRUE(stage.open_again());
  const auto all = stage.store->settings();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).device, "plug/x");
  EXPECT_EQ(all->at(0).command, "level");
  EXPECT_EQ(all->at(0).digest, 0xffff'ffff'ffff'ffff);
  EXPECT_EQ(all->at(0).id, "twin-2");
}

TEST_F(InboxTest, devices_and_their_presence_stay_until_they_are_gone) {
  const Timestamp now = stage.clock.wall_time();
  ASSERT_TRUE(stage.store->append({.devices = {{"plug/x", {}, now}, {"plug/y", true, now}, {"plug/z", false, now}}}));
  ASSERT_TRUE(stage.store->append({.devices = {{"plug/x", true, now + 1s}}, .gone_devices = {"plug/y"}}));
  ASSERT_TRUE(stage.open_again());
  const auto all = stage.store->devices();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).name, "plug/x");
  EXPECT_EQ(all->at(0).online, true);
  EXPECT_EQ(all->at(0).since, now + 1s);
  EXPECT_EQ(all->at(1).online, false);
}

TEST_F(InboxTest, counts_survive_a_restart_and_a_kill) {
  keep(1, "1", false);
  ASSERT_TRUE(stage.store->append({.changes = {{1, progress(CommandState::sent, false)}}}));
  ASSERT_TRUE(stage.store->append({.changes = {end(1, CommandState::sent)}}));
  keep(2, "2");
  KeptCommand refused = command(3, "3");
  refused.progress = progress(CommandState::rejected, true);
  ASSERT_TRUE(stage.store->append({.commands = {refused}}));
  const auto expect_counts = [](const CommandCounts& counts) {
    EXPECT_EQ(counts.accepted, 2u);
    EXPECT_EQ(counts.sent, 1u) << "once, although it also ended as sent";
    EXPECT_EQ(counts.unanswered, 1u);
    EXPECT_EQ(counts.rejected, 1u);
    EXPECT_EQ(counts.succeeded + counts.failed + counts.expired, 0u);
  };
  expect_counts(stage.store->snapshot().commands);
  Stage killed;
  copy_as_killed(stage, killed);
  ASSERT_TRUE(killed.open());
  expect_counts(killed.store->snapshot().commands);
  ASSERT_TRUE(stage.open_again());
  expect_counts(stage.store->snapshot().commands);
}

TEST_F(InboxTest, a_full_buffer_that_holds_takes_outcomes) {
  stage.options.limits = {.size_max = 1000, .when_full = WhenFull::hold};
  ASSERT_TRUE(stage.open_again());
  ASSERT_TRUE(stage.store->append(stage.batch(5, 200)));
  EXPECT_FALSE(stage.store->append(stage.batch(1)));
  EXPECT_TRUE(stage.store->append({.commands = {command(1, "1")}}));
  Batch refused = stage.batch(1);
  refused.commands.push_back(command(2, "2"));
  EXPECT_FALSE(stage.store->append(refused)) << "a flood of those would have no bound";
  Batch ended = stage.batch(1);
  ended.counts = {};
  ended.changes.push_back(end(1));
  EXPECT_TRUE(stage.store->append(ended));
  EXPECT_EQ(stage.store->snapshot().stored, 6u);
}

TEST_F(InboxTest, a_database_of_version_2_is_read_on) {
  ASSERT_TRUE(stage.store->append(stage.batch(3)));
  stage.store.reset();
  {
    auto database = Database::open(stage.file(), Database::Mode::write);
    ASSERT_TRUE(database->run(undo_later_steps));
    ASSERT_TRUE(
        database->run("DROP TABLE commands; DROP TABLE answers; DROP TABLE settings; DROP TABLE devices;"
                      "DELETE FROM ledger WHERE entry LIKE 'commands_%'; PRAGMA user_version = 2"));
  }
  const auto opened = stage.open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(stage.store->read("a", {})->records.size(), 3u);
  EXPECT_EQ(stage.store->inbox_numbers()->command, 0);
  EXPECT_EQ(stage.store->snapshot().commands.accepted, 0u);
  keep(1, "1");
  EXPECT_TRUE(knows("1"));
}

}  // namespace
}  // namespace sluice::store
