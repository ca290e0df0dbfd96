#include "gateway/normalize/jq_program.h"

extern "C" {
#include <jq.h>
#include <jv.h>
}

#include "gateway/normalize/value.h"

namespace sluice::normalize {

namespace {

std::string text_of(jv value) {
  if (jv_get_kind(value) != JV_KIND_STRING) value = jv_dump_string(value, 0);
  std::string text(jv_string_value(value), static_cast<std::size_t>(jv_string_length_bytes(jv_copy(value))));
  jv_free(value);
  return text;
}

/// libjq's words for people at a shell, without what means nothing here.
std::string plain_words(std::string text) {
  text = text.substr(0, text.find('\n'));
  for (const std::string_view noise : {"jq: error: ", " (Unix shell quoting issues?)"})
    if (const std::size_t at = text.find(noise); at != std::string::npos) text.erase(at, noise.size());
  return text;
}

void keep_first_error(void* into, jv message) {
  std::string& text = *static_cast<std::string*>(into);
  const std::string said = text_of(message);
  if (text.empty()) text = plain_words(said);
}

}  // namespace

std::unique_ptr<JqProgram> JqProgram::compile(const std::string& program, std::string& wrong) {
  jq_state* state = jq_init();
  if (state == nullptr) {
    wrong = "no memory";
    return nullptr;
  }
  std::unique_ptr<JqProgram> compiled(new JqProgram(state));
  std::string said;
  jq_set_error_cb(state, &keep_first_error, &said);
  const bool good = jq_compile(state, program.c_str()) != 0;
  jq_set_error_cb(state, nullptr, nullptr);
  if (good) return compiled;
  wrong = said.empty() ? "cannot be compiled" : said;
  return nullptr;
}

JqProgram::~JqProgram() {
  jq_teardown(&state_);
}

JqProgram::Outcome JqProgram::run(std::string_view json) {
  const jv input = jv_parse_sized(json.data(), static_cast<int>(json.size()));
  if (!jv_is_valid(input)) {
    jv_free(input);
    return {Outcome::Kind::failure, "cannot read the payload"};
  }
  jq_start(state_, input, 0);
  jv result = jq_next(state_);
  if (!jv_is_valid(result)) {
    if (!jv_invalid_has_msg(jv_copy(result))) {
      jv_free(result);
      return {Outcome::Kind::nothing, {}};
    }
    return {Outcome::Kind::failure, excerpt(text_of(jv_invalid_get_msg(result)), 200)};
  }
  const jv second = jq_next(state_);
  const bool more = jv_is_valid(second);
  jv_free(second);
  if (!more) return {Outcome::Kind::value, text_of(jv_dump_string(result, 0))};
  jv_free(result);
  return {Outcome::Kind::failure, "more than one result; gather them in a list: [...]"};
}

}  // namespace sluice::normalize
