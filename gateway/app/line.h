#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gateway/core/result.h"

namespace sluice::app {

/// One end of a line between two processes of this machine. What is sent arrives as one piece, or, where its sender is
/// killed, not at all. Pieces are small: at most some ten thousand bytes.
class Line {
 public:
  Line() = default;
  /// Both ends of a new one. Errors: unavailable.
  static Result<std::pair<Line, Line>> make();
  Line(Line&& other) noexcept : end_(std::exchange(other.end_, -1)) {}
  Line& operator=(Line&& other) noexcept;
  ~Line() { close(); }

  /// False: nobody is there any more.
  bool send(std::string_view piece) const;
  /// Blocks; nothing: the other end is gone, and all that came from there has been read.
  std::optional<std::string> receive() const;

  template <class T>
  bool tell(const T& what) const {
    static_assert(std::is_trivially_copyable_v<T>);
    return send({reinterpret_cast<const char*>(&what), sizeof what});
  }
  template <class T>
  std::optional<T> hear() const {
    const std::optional<std::string> piece = receive();
    if (!piece || piece->size() != sizeof(T)) return std::nullopt;
    T what;
    std::memcpy(&what, piece->data(), sizeof what);
    return what;
  }

  /// The other end hears that nothing more comes; it may still be heard.
  void finish() const;
  void close();
  int end() const { return end_; }  ///< for poll(2); -1: closed

 private:
  explicit Line(int end) : end_(end) {}
  int end_ = -1;
};

}  // namespace sluice::app
