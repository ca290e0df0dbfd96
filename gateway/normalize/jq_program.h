#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct jq_state;

namespace sluice::normalize {

/// A compiled jq program. Not bounded in time or memory: see JqWorker. One thread.
class JqProgram {
 public:
  struct Outcome {
    enum class Kind : unsigned char { value, nothing, failure };
    Kind kind = Kind::failure;
    std::string text;  ///< the one result as JSON, or why there is none
  };

  /// Null with the reason in `wrong`.
  static std::unique_ptr<JqProgram> compile(const std::string& program, std::string& wrong);
  ~JqProgram();
  JqProgram(const JqProgram&) = delete;
  JqProgram& operator=(const JqProgram&) = delete;

  Outcome run(std::string_view json);

 private:
  explicit JqProgram(jq_state* state) : state_(state) {}
  jq_state* state_;
};

}  // namespace sluice::normalize
