#pragma once

#include <string>
#include <utility>
#include <variant>

#include "gateway/core/assert.h"

namespace sluice {

/// What went wrong, by what the caller does about it.
enum class ErrorKind {
  invalid,      ///< this input can never be read: quarantine it
  unavailable,  ///< not now: rest and retry
  storage,      ///< not durable: do not acknowledge
  config,       ///< stop at the start and say so
  damaged,      ///< within the store: what its file holds cannot be right, and waiting does not help
};

struct Error {
  ErrorKind kind = ErrorKind::invalid;
  std::string message;  ///< one line for people: what, where, and what to do
};

inline Error invalid(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}
inline Error unavailable(std::string message) {
  return {ErrorKind::unavailable, std::move(message)};
}
inline Error storage_error(std::string message) {
  return {ErrorKind::storage, std::move(message)};
}
inline Error damaged_error(std::string message) {
  return {ErrorKind::damaged, std::move(message)};
}
inline Error config_error(std::string message) {
  return {ErrorKind::config, std::move(message)};
}

/// A value or an Error: the subset of std::expected that the gateway uses. Reading the side that is not there asserts.
template <class T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool has_value() const { return state_.index() == 0; }

  T& value() & { return check(), std::get<0>(state_); }
  const T& value() const& { return check(), std::get<0>(state_); }
  T&& value() && { return check(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    SLUICE_ASSERT(!has_value());
    return std::get<1>(state_);
  }

 private:
  void check() const { SLUICE_ASSERT(has_value()); }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  explicit operator bool() const { return !failed_; }
  bool has_value() const { return !failed_; }
  const Error& error() const {
    SLUICE_ASSERT(failed_);
    return error_;
  }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace sluice
