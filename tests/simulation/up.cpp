// The way up: the broker hands messages over, clouds take records, or not.
#include <algorithm>
#include <array>
#include <utility>

#include "gateway/flow/read_message.h"
#include "tests/simulation/world.h"

namespace sluice::simulation {

using namespace std::chrono_literals;

namespace {

using Kind = normalize::Fate::Kind;

const std::vector<std::string> topics = {"probe/a/count", "probe/b/count", "probe/c/count", "probe/a/state",
                                         "probe/b/state", "probe/a/many",  "plug/a/result", "plug/b/result",
                                         "plug/a/lwt",    "plug/b/lwt",    "plug/c/lwt",    "elsewhere/a"};

std::vector<std::string> hostile() {
  return {"",
          "{",
          std::string("\0\0", 2),
          std::string(300, '['),
          R"({"n":"many"})",
          R"({"n":1e400})",
          R"({"n":1,"n":2})",
          R"({"items":{}})",
          "\xff\xfe",
          "NaN",
          "BROKEN",
          R"({"n":7.5})",
          std::string(3000, 'x')};
}

bool same(const Record& a, const Record& b) {
  return a.kind == b.kind && a.device == b.device && a.schema == b.schema && a.data == b.data;
}

std::string text(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

void World::publish() {
  for (int i = history_.up_to(history_.one_in(10) ? 80 : 5); i >= 0; --i) {
    const std::string& topic = history_.one_of(topics);
    publish(topic, payload_for(topic), history_.one_in(15));
  }
}

void World::publish(std::string topic, std::string payload, bool retained) {
  auto what = std::make_shared<Publish>();
  *what = {++number_, std::move(topic), std::move(payload), retained};
  history_.note("publish " + text(static_cast<std::uint64_t>(what->number)) + " " + what->topic);
  published_.push_back(what);
  broker_.publish(std::move(what));
}

/// Many say the same as others did, so that nothing but the packet id tells them apart.
std::string World::payload_for(const std::string& topic) {
  static const std::vector<std::string> hostile_ones = hostile();
  if (history_.one_in(8)) return history_.one_of(hostile_ones);
  if (topic.ends_with("/state")) return history_.one_in(6) ? "BROKEN" : history_.one_in(2) ? "ON" : "OFF";
  if (topic.ends_with("/lwt")) return history_.one_in(3) ? "off" : "on";
  if (topic.ends_with("/result")) return R"({"POWER":"ON"})";
  if (topic.ends_with("/many")) {
    std::string items;
    for (int i = history_.up_to(4); i > 0; --i) items += R"({"i":)" + std::to_string(i) + (i > 1 ? "}," : "}");
    return R"({"items":[)" + items + "]}";
  }
  const int n = history_.one_in(3) ? number_ : history_.up_to(2);
  return R"({"n":)" + std::to_string(n) + R"(,"s":")" + std::string(history_.one_in(10) ? 900 : 10, 's') + "\"}";
}

void World::connect() {
  if (const auto ready = house_.ingest->ready(); !ready) {
    promise(excused() || config_.limits.when_full == store::WhenFull::hold, "P5",
            "not ready: " + ready.error().message);
    return history_.note("not ready");
  }
  if (killed_) return;
  const bool known = broker_.connect();
  history_.note(known ? "connected" : "connected anew");
  session_untold_ = session_untold_ || !known;
  if (!session_untold_) return;
  const auto told = house_.ingest->session_lost();
  if (killed_) return;
  if (!told) return history_.note("cannot note that"), broker_.disconnect();
  session_untold_ = false;
  broker_.session_noted();
}

void World::hand_over() {
  if (!broker_.connected()) return connect();
  std::vector<Broker::Sending> sendings =
      broker_.next(static_cast<std::size_t>(1 + history_.up_to(history_.one_in(3) ? 30 : 7)));
  if (!quiet_ && history_.one_in(15)) return history_.note("lost on the way"), broker_.disconnect();
  const std::size_t at_least_once = sendings.size();
  for (int i = history_.up_to(3); i > 1; --i) {
    const std::string& topic = history_.one_of(topics);
    sendings.push_back({std::make_shared<Publish>(Publish{0, topic, payload_for(topic)})});
  }
  std::vector<Message> messages;
  Call call;
  for (const Broker::Sending& each : sendings) {
    messages.push_back(message_of(each, static_cast<int>(messages.size())));
    call.messages.push_back(expected_of(each, messages.back()));
  }
  call_ = std::move(call);
  const store::MessageCounts before = house_.store->snapshot().messages;
  const std::int64_t bytes = house_.store->snapshot().outbox_bytes;
  const auto done = house_.ingest->accept(messages);
  history_.note("hands over " + text(messages.size()) + (done ? "" : ": refused"));
  if (killed_) return;
  const std::vector<Expected> expected = std::exchange(call_, {})->messages;
  if (!done) {
    const bool held = config_.limits.when_full == store::WhenFull::hold && bytes > 0;
    promise(excused() || held, "P5", "not accepted: " + done.error().message);
    match({}, audit(), before);
    return broker_.disconnect();
  }
  match(expected, audit(), before);
  if (!quiet_ && history_.one_in(12)) return die("before it acknowledged");
  acknowledge(at_least_once);
}

/// With one message that leaves rows, the receipts of all are in the commit.
void World::note_taken(const std::vector<Expected>& messages) {
  const bool commit = std::ranges::any_of(
      messages, [](const Expected& each) { return each.fate != Kind::ignored && !each.may_be_known; });
  for (const Expected& each : messages) {
    if (each.sending.packet_id == 0) continue;
    broker_.taken(each.sending);
    each.sending.what->noted = each.sending.what->noted || commit;
  }
}

void World::acknowledge(std::size_t count) {
  const bool cut = !quiet_ && history_.one_in(10);
  const auto some = cut ? static_cast<std::size_t>(history_.up_to(static_cast<int>(count))) : count;
  history_.note("acknowledges " + text(some));
  broker_.acknowledged(some);
  if (cut) broker_.disconnect();
}

Message World::message_of(const Broker::Sending& sending, int place) {
  Message message;
  message.topic = sending.what->topic;
  message.payload = sending.what->payload;
  message.payload_size = message.payload.size() + (message.payload.size() >= 3000 ? 1 : 0);  // cut
  message.qos = sending.packet_id == 0 ? 0 : 1;
  message.retained = sending.what->retained;
  message.packet_id = sending.packet_id;
  message.resent = sending.again;
  message.received_at = time_.wall_time() + Duration(place);
  if (!time_.synced()) message.boot_at = started_at(time_);
  return message;
}

World::Expected World::expected_of(const Broker::Sending& sending, const Message& message) {
  Expected expected{sending};
  if (message.retained && config_.ignore_retained)
    expected.fate = Kind::ignored;
  else
    expected.fate = flow::read_message(message, *reader_, false, expected.records).kind;
  expected.may_be_known = message.resent && (sending.what->taken || sending.looks_taken);
  expected.must_be_known = message.resent && sending.what->noted && broker_.ids_are_sound();
  expected.may_be_set_aside = message.resent && wary_;
  return expected;
}

/// Whether its records are the next of those that were stored; then they are behind it.
bool World::takes(const Expected& expected, const std::vector<Record>& stored, std::size_t& next) {
  const auto from = stored.begin() + static_cast<std::ptrdiff_t>(next);
  const std::size_t count = expected.records.size();
  if (count == 0 || next + count > stored.size()) return false;
  if (!std::equal(expected.records.begin(), expected.records.end(), from, same)) return false;
  next += count;
  return true;
}

/// What is in the outbox now, and what was counted, is what these messages say: in their order, none left out but those
/// that were taken before.
void World::match(const std::vector<Expected>& expected, const std::vector<Record>& stored,
                  const store::MessageCounts& before) {
  const store::MessageCounts now = house_.store->snapshot().messages;
  std::size_t next = 0;
  std::uint64_t understood = 0, free = 0, quarantined = 0, ignored = 0;
  for (const Expected& each : expected) {
    const bool fits = takes(each, stored, next);
    const bool may_miss = each.may_be_known || each.may_be_set_aside;
    if (each.fate == Kind::understood)
      promise(fits || may_miss, "P3",
              "message " + text(static_cast<std::uint64_t>(each.sending.what->number)) +
                  " was acknowledged and is not in the outbox");
    promise(!fits || !each.must_be_known, "P3", "a redelivery was stored again that could be recognised");
    understood += fits ? 1 : 0;
    if (!fits && may_miss) ++free;
    if (!may_miss) (each.fate == Kind::quarantined ? quarantined : ignored) += each.fate == Kind::understood ? 0 : 1;
    if (!fits && each.fate == Kind::understood && each.sending.looks_taken && !each.sending.what->taken)
      ++figures_.undecidable;
  }
  promise(next == stored.size(), "P3", "more was stored than these messages say");
  promise(now.received() - before.received() == expected.size(), "P2", "messages were not counted once each");
  promise(now.understood - before.understood == understood, "P2", "understood is not what was stored");
  const std::uint64_t more_quarantined = now.quarantined - before.quarantined,
                      more_ignored = now.ignored - before.ignored;
  promise(more_quarantined >= quarantined && more_ignored >= ignored, "P3", "a message is in no fate of its own");
  const std::uint64_t known = now.redelivered - before.redelivered;
  promise(more_quarantined + more_ignored + known == quarantined + ignored + free, "P2", "fates do not add up");
  note_taken(expected);
  known_ = now;
  figures_.taken += expected.size();
  figures_.redelivered += known;
}

void World::deliver(const std::string& cloud) {
  House::Way& way = house_.ways.at(cloud);
  if (time_.now() < way.rests_until && history_.one_in(2)) return history_.note(cloud + " rests");
  const store::Snapshot before = house_.store->snapshot();
  const std::int64_t from = cursor_of(cloud);
  stepped_ = cloud;
  accepted_now_ = rejected_now_ = 0;
  const Duration rest = way.delivery->step({});
  if (killed_) return;
  way.rests_until = way.delivery->backing_off() ? time_.now() + rest : Instant{};
  const store::Snapshot now = house_.store->snapshot();
  std::uint64_t accepted = accepted_now_, rejected = rejected_now_, skipped = 0;
  const std::int64_t through = cursor_of(cloud);
  for (std::int64_t place = from + 1; place <= through; ++place) {
    const char said = model_.clouds[cloud].at(place);
    ++(!wants(cloud, place) ? skipped : said == 'a' ? accepted : rejected);
    promise(!wants(cloud, place) || said != 0, "P1",
            cloud + ": what it did not take is settled: " + text(static_cast<std::uint64_t>(place)));
  }
  const store::CloudCounts& a = *counts_of(before, cloud);
  const store::CloudCounts& b = *counts_of(now, cloud);
  history_.note(cloud + " takes " + text(accepted) + ", refuses " + text(rejected) + ", waits for " +
                text(b.backlog_records));
  if (full_) return;
  promise(b.delivered - a.delivered == accepted, "P2", cloud + ": delivered is not what it took");
  promise(b.rejected - a.rejected == rejected, "P2", cloud + ": rejected is not what it refused");
  promise(b.skipped - a.skipped == skipped, "P2", cloud + ": skipped is not what it does not want");
}

std::vector<Verdict> World::judge(const std::string& cloud, std::span<const Record> records) {
  if (killed_) return {};
  promise(!records.empty(), "P5", cloud + " is sent nothing");
  check_sending(cloud, records);
  Told& told = model_.clouds[cloud];
  std::vector<Verdict> verdicts = verdicts_for(cloud, records.size());
  for (std::size_t i = 0; i < std::min(records.size(), verdicts.size()); ++i) {
    if (verdicts[i].outcome == Outcome::deferred) break;
    const bool took = verdicts[i].outcome == Outcome::accepted;
    const std::int64_t place = model_.place_of(records[i].id).value_or(1);
    if (told.again.contains(records[i].id))
      ++(took ? accepted_now_ : rejected_now_);
    else
      told.say(place, took ? 'a' : 'r');
  }
  if (!quiet_ && history_.one_in(20)) die("after a cloud had answered");
  return verdicts;
}

std::vector<Verdict> World::verdicts_for(const std::string& cloud, std::size_t count) {
  const int mood = quiet_ ? 0 : away_.contains(cloud) ? 5 : history_.up_to(9);
  const auto some = static_cast<std::size_t>(history_.up_to(static_cast<int>(count)));
  std::vector<Verdict> verdicts(count);
  for (std::size_t i = 0; i < count; ++i)
    verdicts[i] = history_.one_in(15) && !quiet_ ? Verdict::reject("bad") : Verdict::accept();
  if (mood == 5)
    verdicts.assign(count, Verdict::defer("busy", history_.one_in(2) ? std::optional(Duration(30s)) : std::nullopt));
  if (mood == 6) std::fill(verdicts.begin() + static_cast<long>(some), verdicts.end(), Verdict::defer("enough"));
  if (mood == 7) verdicts.resize(some);
  if (mood == 8) verdicts.assign(count, Verdict::defer("the answer was lost"));
  if (mood == 9) verdicts.assign(count, Verdict::pause("wrong key"));
  return verdicts;
}

/// In order and without a gap, from the first that it has not settled; or what it is to be sent again.
void World::check_sending(const std::string& cloud, std::span<const Record> records) {
  const Told& told = model_.clouds[cloud];
  const std::int64_t cursor = cursor_of(cloud);
  const bool again = told.again.contains(records.front().id);
  std::int64_t place = cursor;
  for (const Record& record : records) {
    const auto known = model_.place_of(record.id);
    promise(known.has_value(), "P3", cloud + " is sent an id that was never stored: " + record.data);
    if (!known) return;
    promise(model_.entry(*known).device == record.device, "P3", cloud + " is sent another record under a known id");
    figures_.repeated += told.at(*known) != 0 && !again ? 1 : 0;
    if (again) {
      promise(told.again.contains(record.id), "P4", cloud + " is sent again what nobody replayed");
      continue;
    }
    do ++place;
    while (place < *known && !wants(cloud, place));
    promise(place == *known, "P4",
            cloud + " is sent " + text(static_cast<std::uint64_t>(*known)) + " where " +
                text(static_cast<std::uint64_t>(place)) + " is next");
  }
}

}  // namespace sluice::simulation
