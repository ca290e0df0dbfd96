#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/faults/promised.h"
#include "tests/store/stage.h"

namespace sluice::store {

/// The life of a store, told call by call, with a model beside it of what has to be there after each.
class Life {
 public:
  explicit Life(Stage& stage) : stage_(stage) {}

  /// Everything a store can be told, from its opening to its closing; of `bulk` records at once some are pruned. Goes
  /// on where a call fails; ends where the store cannot be opened.
  void day(std::size_t bulk);
  /// A short one after it.
  void next_day();

  bool open();
  void close();
  bool keep_clouds(const std::vector<std::string>& names);
  bool append(const Batch& batch);
  void deliver(const std::string& cloud);
  /// The clock goes on, and the store keeps house.
  void step();

  /// So many QoS 1 messages, each with its receipt.
  Batch messages(std::size_t count, std::size_t size = 200);

  Promised sure;                  ///< what every call that worked has promised
  std::vector<Promised> perhaps;  ///< what calls that failed since would have made of it
  std::vector<Error> failures;
  std::function<void(bool worked)> after_call = [](bool) {};

 private:
  /// Makes a call that, if it works, makes `next` of what is there.
  template <class Call>
  bool attempt(Promised next, const Call& call);
  void ended(bool worked, const Error& error);

  void commands();
  void take_commands();
  void change(std::int64_t number, CommandState state, bool ends);
  void quarantine();
  void refuse(const std::string& cloud);
  void send_again(bool accepted);
  void replay();
  void discard();
  void early_messages();

  Stage& stage_;
  std::uint16_t packets_ = 0;
};

}  // namespace sluice::store
