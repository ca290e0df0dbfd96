#include "gateway/app/trial.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <system_error>
#include <thread>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/core/assert.h"

namespace sluice::app {

namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::uint64_t single_max = 1000;
constexpr Duration single_most = seconds(5), grouped_most = seconds(10);
constexpr Duration reap_max = seconds(5);
constexpr int due_tries = 1000;
constexpr std::int64_t earliest_micros = 20;

Error interrupted() {
  return unavailable("interrupted");
}

}  // namespace

bool TrialReport::held() const {
  return lost + two_ids + order_broken + garbled == 0 && delivered == sent && acknowledged == sent;
}

Trial::Trial(Options options) : options_(std::move(options)) {
  SLUICE_ASSERT(options_.messages >= messages_min);
}

Trial::~Trial() {
  if (gateway_ <= 0) return;
  ::kill(gateway_, SIGKILL);
  reap();
}

Result<TrialReport> Trial::run() {
  if (auto done = start_gateway(); !done) return done.error();
  const std::uint64_t single = std::min(single_max, options_.messages / 10);
  if (auto done = run_half(
          {"one message a commit", report_.single, 1, single, single_most, {{0.5, &Trial::crash_with_an_answer_due}}});
      !done)
    return done.error();
  if (auto done = run_half({"many messages a commit",
                            report_.grouped,
                            group,
                            options_.messages,
                            grouped_most,
                            {{0.25, &Trial::begin_outage},
                             {0.375, &Trial::crash},
                             {0.5, &Trial::crash},
                             {0.625, &Trial::crash},
                             {0.75, &Trial::end_outage},
                             {0.875, &Trial::crash}}});
      !done)
    return done.error();
  if (auto done = drain(); !done) return done.error();
  return report();
}

Result<> Trial::run_half(Half half) {
  half_ = &half;
  const std::uint64_t first = acknowledged_;
  const Instant begin = clock_.now();
  auto event = half.events.begin();
  const auto share = [&](auto part, auto whole) { return static_cast<double>(part) / static_cast<double>(whole); };
  while (acknowledged_ < half.until) {
    const double time = options_.all ? 0 : share((clock_.now() - begin).count(), Instant::duration(half.most).count());
    const double done = std::max(share(acknowledged_ - first, half.until - first), time);
    if (event != half.events.end() && done >= event->at) {
      if (auto happened = (this->*(event++)->happen)(); !happened) return happened;
    } else if (event == half.events.end() && done >= 1) {
      break;
    }
    if (auto published = publish(); !published) return published;
  }
  return {};
}

Result<> Trial::crash_with_an_answer_due() {
  mood_ = Mood::takes_and_is_silent;
  for (int i = 0; i < due_tries && !answer_due_ && acknowledged_ < half_->until; ++i)
    if (auto done = publish(); !done) return done;
  auto done = crash();
  mood_ = Mood::takes;
  answer_due_ = false;
  return done;
}

Result<> Trial::begin_outage() {
  mood_ = Mood::away;
  report_.outages += 1;
  return {};
}

Result<> Trial::end_outage() {
  report_.backlog_max = cloud_.missing(acknowledged_);
  mood_ = Mood::takes;
  return {};
}

Result<> Trial::crash() {
  order();
  std::this_thread::sleep_for(moment_of_crash());
  ::kill(gateway_, SIGKILL);
  while (!hung_up())
    if (auto heard = attend(reap_max); !heard) return heard;
  reap();
  report_.crashes += 1;
  resent_through_ = sent_;
  if (options_.while_down) options_.while_down();
  return start_gateway();
}

microseconds Trial::moment_of_crash() {
  const double latest = std::log2(1.25 * static_cast<double>(std::max(last_micros_, 2 * earliest_micros)));
  std::uniform_real_distribution<double> moment(std::log2(earliest_micros), latest);
  return microseconds(std::llround(std::exp2(moment(random_))));
}

Result<> Trial::start_gateway() {
  auto broker = Line::make();
  if (!broker) return broker.error();
  auto cloud = Line::make();
  if (!cloud) return cloud.error();
  const pid_t parent = ::getpid();
  gateway_ = ::fork();
  if (gateway_ < 0) return unavailable("fork: " + std::system_category().message(errno));
  if (gateway_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    broker->first.close();
    cloud->first.close();
    ::_exit(run_trial_gateway(options_.folder, broker->second, cloud->second) ? 0 : 1);
  }
  broker_ = std::move(broker->first);
  cloud_line_ = std::move(cloud->first);
  broker->second.close();
  cloud->second.close();
  ready_ = false;
  return attend_until([this] { return ready_; });
}

void Trial::order() {
  const std::uint64_t count = std::min(half_->group, half_->until - acknowledged_);
  sent_ = std::max(sent_, acknowledged_ + count);
  broker_.tell(TrialOrder{acknowledged_ + 1, count, resent_through_});
}

Result<> Trial::publish() {
  if (acknowledged_ >= half_->until) return {};
  order();
  const std::uint64_t before = acknowledged_;
  if (auto heard = attend_until([&] { return acknowledged_ > before; }); !heard) return heard;
  if (options_.progress)
    options_.progress(std::string(half_->name) + ": " + std::to_string(acknowledged_) + " of " +
                      std::to_string(half_->until) + " stored, " + std::to_string(cloud_.delivered()) + " delivered");
  return {};
}

Result<> Trial::attend_until(const std::function<bool()>& done) {
  while (!done()) {
    if (broker_.end() < 0) return ended_by_itself();
    if (auto heard = attend(options_.silence_max); !heard) return heard;
  }
  return {};
}

Result<> Trial::attend(Duration most) {
  pollfd ends[] = {{broker_.end(), POLLIN, 0}, {cloud_line_.end(), POLLIN, 0}, {options_.interrupted, POLLIN, 0}};
  const int heard = ::poll(ends, 3, static_cast<int>(most.count()));
  if (heard < 0 && errno != EINTR) return unavailable("poll: " + std::system_category().message(errno));
  if (heard == 0)
    return storage_error("the disk hangs: nothing has come of it for " +
                         std::to_string(std::chrono::ceil<seconds>(most).count()) + " s");
  if (heard > 0 && ends[2].revents != 0) return interrupted();
  if (heard > 0 && ends[1].revents != 0) hear_cloud();
  if (heard > 0 && ends[0].revents != 0) return hear_gateway();
  return {};
}

Result<> Trial::hear_gateway() {
  const auto answer = broker_.hear<TrialAnswer>();
  if (!answer) {
    broker_.close();
    return {};
  }
  if (answer->kind == TrialAnswer::Kind::failed) return storage_error(answer->why);
  if (answer->kind == TrialAnswer::Kind::stored) {
    note_stored(*answer);
  } else {
    ready_ = true;
    report_.sync_micros = answer->micros;
  }
  written_ = answer->written;
  return {};
}

void Trial::note_stored(const TrialAnswer& answer) {
  const bool known = written_ >= 0 && answer.written >= written_;
  half_->figures.add(answer.through - acknowledged_, answer.micros,
                     known ? std::optional(static_cast<std::uint64_t>(answer.written - written_)) : std::nullopt);
  acknowledged_ = answer.through;
  last_micros_ = answer.micros;
}

void Trial::hear_cloud() {
  const auto events = cloud_line_.receive();
  if (!events) return cloud_line_.close();
  if (mood_ != Mood::away) cloud_.take(*events);
  if (mood_ == Mood::takes_and_is_silent)
    answer_due_ = true;
  else
    cloud_line_.tell(mood_ == Mood::takes ? TrialVerdict::taken : TrialVerdict::away);
}

Result<> Trial::drain() {
  broker_.finish();
  Result<> heard;
  while (heard && !hung_up()) heard = attend(options_.silence_max);
  if (heard && (!reap() || status_ != 0)) heard = ended_by_itself();
  // What is lost is told before why.
  if (!heard && heard.error().kind != ErrorKind::unavailable && cloud_.missing(acknowledged_) > 0) return {};
  return heard;
}

bool Trial::reap() {
  const Instant end = clock_.now() + reap_max;
  while (gateway_ > 0 && clock_.now() < end) {
    if (::waitpid(gateway_, &status_, WNOHANG) != 0) gateway_ = -1;
    if (gateway_ > 0) std::this_thread::sleep_for(Duration(1));
  }
  return gateway_ <= 0;
}

Error Trial::ended_by_itself() {
  reap();
  return invalid("the gateway under test ended by itself" +
                 (WIFSIGNALED(status_) ? " (signal " + std::to_string(WTERMSIG(status_)) + ")" : std::string()));
}

TrialReport Trial::report() {
  report_.sent = sent_;
  report_.acknowledged = acknowledged_;
  report_.delivered = cloud_.delivered();
  report_.repeated = cloud_.repeated();
  report_.lost = cloud_.missing(acknowledged_);
  report_.two_ids = cloud_.two_ids();
  report_.order_broken = cloud_.order_broken();
  report_.garbled = cloud_.garbled();
  return report_;
}

}  // namespace sluice::app
