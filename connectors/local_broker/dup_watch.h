#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::local_broker {

/// Learns whether a message came with the DUP flag. libmosquitto's message does not say, but its debug log does, in a
/// line just before the message callback (handle__publish, 2.0.11 to 2.1.2):
/// "Client <id> received PUBLISH (d1, q1, r0, m7, '<topic>', ... (5 bytes))". A line of any other shape says nothing,
/// and a message without a line counts as sent for the first time: in doubt it is stored again. One thread.
class DupWatch {
 public:
  explicit DupWatch(std::string_view client_id);

  /// The broker resumed the session: until 65 535 QoS 1 messages have come (every packet id was used once since), any
  /// of them may be one that was sent before.
  void begin() { left_ = 65'535; }
  bool active() const { return left_ > 0; }

  void read_line(std::string_view line);
  /// Whether the message that is being delivered has DUP set.
  bool take(int qos);

 private:
  const std::string before_flag_;
  std::uint32_t left_ = 0;
  bool dup_ = false;
};

}  // namespace sluice::local_broker
