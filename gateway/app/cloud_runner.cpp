#include "gateway/app/cloud_runner.h"

#include <utility>

namespace sluice::app {

CloudRunner::CloudRunner(Cloud cloud, CloudEnds ends, store::Store& store, CommandAcceptor& acceptor,
                         const Clock& clock, Log& log)
    : cloud_(std::move(cloud)),
      store_(store),
      ends_(std::move(ends)),
      delivery_(delivery_options(cloud_), store, *ends_.sink, clock, log) {
  if (ends_.source == nullptr) return;
  ends_.source->open(acceptor);
  answers_ = std::make_unique<flow::Answers>(cloud_.name, store, *ends_.source, clock, log);
}

void CloudRunner::start() {
  started_ = true;
  threads_.start(name(), [this](const std::stop_token& stop) { deliver(stop); });
  threads_.start("link " + name(), [this](std::stop_token stop) { ends_.sink->keep(std::move(stop)); });
  if (!answers_) return;
  threads_.start("poll " + name(), [this](std::stop_token stop) { ends_.source->poll(std::move(stop)); });
  threads_.start("tell " + name(), [this](const std::stop_token& stop) {
    while (!stop.stop_requested()) answers_->wait(answers_->step(stop));
  });
}

void CloudRunner::deliver(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Duration time = delivery_.step(stop);
    if (time <= Duration(0)) continue;
    if (delivery_.backing_off())
      rest(time, stop);
    else if (!stop.stop_requested())
      store_.wait(name(), time, delivery_.taken());
  }
}

void CloudRunner::request_stop() {
  threads_.request_stop();
  store_.wake();
  wake_answers();
}

void CloudRunner::wake_answers() {
  if (answers_) answers_->wake();
}

}  // namespace sluice::app
