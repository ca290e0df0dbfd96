#include "tests/contract/cases.h"

#include <map>

#include "tests/stage/process.h"

namespace sluice::contract {

using stage::eventually;

namespace {

template <class T>
bool comes(const std::future<T>& future) {
  return !future.valid() || future.wait_for(stage::patience) == std::future_status::ready;
}

}  // namespace

Sink::~Sink() {
  if (connector.sink == nullptr) return;
  stopper.request_stop();
  peer.goes_away();
}

void Sink::start(Duration timeout, bool commands) {
  connector = GetParam().make({peer.port(), peer.ca_file(), timeout, commands, clock, log});
  if (commands) {
    connector.source->open(acceptor);
    polled_ = std::async(std::launch::async, [this] { connector.source->poll(stopper.get_token()); });
  }
  kept_ = std::async(std::launch::async, [this] { connector.sink->keep(stopper.get_token()); });
}

testing::AssertionResult Sink::stop() {
  stopper.request_stop();
  if (!comes(kept_)) return testing::AssertionFailure() << "keep does not return";
  if (!comes(polled_)) return testing::AssertionFailure() << "poll does not return";
  return testing::AssertionSuccess();
}

std::vector<Record> Sink::records(int count, std::size_t bytes) {
  std::vector<Record> made;
  for (int i = 0; i < count; ++i) {
    Record& record = made.emplace_back();
    record.id = ids.next();
    record.device = "d/" + std::to_string(i);
    record.schema = "a/b";
    record.time = clock.wall_time();
    record.data = R"({"n":)" + std::to_string(i) + R"(,"pad":")" + std::string(bytes, 'x') + "\"}";
  }
  return made;
}

Sink::Answer Sink::deliver(std::span<const Record> all) {
  return std::async(std::launch::async,
                    [this, all] { return judge(all, connector.sink->deliver(all, stopper.get_token())); });
}

std::string Sink::judge(std::span<const Record> all, const std::vector<Verdict>& verdicts) {
  std::map<std::string, std::set<Act>> met;
  for (const Arrival& arrival : peer.arrivals()) met[arrival.id].insert(arrival.act);
  EXPECT_LE(verdicts.size(), all.size());
  bool deferred = false;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    const std::set<Act>& acts = met[all[i].id.text()];
    deferred = deferred || verdict.outcome == Outcome::deferred;
    if (verdict.outcome == Outcome::accepted) {
      EXPECT_TRUE(acts.contains(Act::accept) || acts.contains(Act::late)) << i << " was not taken";
      EXPECT_FALSE(deferred) << i << " is accepted behind a deferred one";
    } else {
      EXPECT_FALSE(verdict.reason.empty()) << i;
      EXPECT_EQ(verdict.reason.find('\n'), std::string::npos) << verdict.reason;
    }
    EXPECT_TRUE(verdict.outcome != Outcome::rejected || acts.contains(Act::reject)) << i << " was not refused";
    keep(verdict.reason);
  }
  return outcomes(verdicts);
}

std::string Sink::take(Answer& answer) {
  if (!comes(answer)) {
    ADD_FAILURE() << "no verdicts; " << (standing() ? connector.sink->link()->why : "");
    stopper.request_stop();
    peer.goes_away();
  }
  return answer.get();
}

std::string Sink::drain(std::span<const Record> all) {
  std::string settled;
  eventually([&] {
    Answer answer = deliver(all.subspan(settled.size()));
    const std::string said = take(answer);
    settled += said.substr(0, said.find_first_of("dp"));
    return settled.size() == all.size() || stopper.stop_requested();
  });
  return settled;
}

bool Sink::in_time(const std::function<bool()>& condition) {
  return eventually([&] {
    if (eventually(condition, std::chrono::milliseconds(1500))) return true;
    clock.shift(std::chrono::minutes(20));
    return false;
  });
}

void Sink::expect_put_off(Answer& answer, bool paused) {
  if (!standing()) {
    const std::string said = take(answer);
    EXPECT_EQ(said, std::string(said.size(), paused ? 'p' : 'd')) << told();
    return;
  }
  const Link::Health health = paused ? Link::Health::paused : Link::Health::down;
  EXPECT_TRUE(in_time([&] {
    const Link link = *connector.sink->link();
    return link.health == health && !link.why.empty();
  })) << connector.sink->link()->why;
  const std::string why = connector.sink->link()->why;
  keep(why);
  EXPECT_EQ(why.find('\n'), std::string::npos) << why;
  EXPECT_NE(answer.wait_for(Duration(0)), std::future_status::ready) << "it says: " << answer.get();
}

void Sink::expect_patience_with(Door door) {
  peer.stands(door);
  start(Duration(300));
  const auto all = records(2);
  Answer answer = deliver(all);
  expect_put_off(answer);
  EXPECT_EQ(arrivals(), 0U);
  peer.stands(Door::open);
  expect_recovery(answer, all);
}

void Sink::expect_recovery(Answer& answer, const std::vector<Record>& all) {
  const std::string everything(all.size(), 'a');
  if (!standing()) {
    EXPECT_EQ(drain(all), everything) << told();
  } else {
    in_time([&] { return answer.wait_for(Duration(0)) == std::future_status::ready; });
    EXPECT_EQ(take(answer), everything) << told();
    EXPECT_TRUE(eventually([this] { return connector.sink->link()->health == Link::Health::up; }));
    EXPECT_EQ(connector.sink->link()->why, "");
  }
  EXPECT_TRUE(arrived(all));
}

void Sink::expect_stop(const std::vector<Record>& all, const std::function<bool()>& reached) {
  start();
  Answer answer = deliver(all);
  EXPECT_TRUE(eventually(reached));
  stopper.request_stop();
  const std::string said = take(answer);
  EXPECT_TRUE(stop());
  EXPECT_EQ(said, std::string(said.size(), 'd'));
}

void Sink::expect_nothing_for(const stage::Certificate& wrong) {
  peer.shows(wrong);
  start();
  const auto all = records(2);
  Answer answer = deliver(all);
  expect_put_off(answer, true);
  EXPECT_NE(told().find("certificate"), std::string::npos) << told();
  EXPECT_TRUE(peer.arrivals().empty());
  EXPECT_EQ(peer.connections(), 1) << "what somebody has to mend is tried seldom";
  peer.shows(peer.certificate());
  expect_recovery(answer, all);
}

testing::AssertionResult Sink::arrived(const std::vector<Record>& all) const {
  std::map<std::string, int> number;
  for (const Record& record : all) number.emplace(record.id.text(), static_cast<int>(number.size()));
  int last = -1, first_missing = 0;
  for (const Arrival& arrival : peer.arrivals()) {
    const auto found = number.find(arrival.id);
    if (found == number.end()) return testing::AssertionFailure() << "nobody gave the id " << arrival.id;
    if (found->second > last + 1)
      return testing::AssertionFailure() << "record " << found->second << " came after " << last;
    last = found->second;
    if (last == first_missing) ++first_missing;
  }
  if (first_missing == static_cast<int>(all.size())) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "record " << first_missing << " never came";
}

void Sink::keep(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  reasons_ += reason + "\n";
}

std::string Sink::told() const {
  std::string all = (std::lock_guard(mutex_), reasons_);
  if (standing()) all += connector.sink->link()->why + "\n";
  for (const std::string& line : log.lines()) all += line + "\n";
  return all;
}

}  // namespace sluice::contract
