#include "gateway/api/request_reader.h"

#include <algorithm>
#include <charconv>

#include <strings.h>

#include "gateway/api/header_fields.h"
#include "gateway/api/request_target.h"

namespace sluice::api {

namespace {

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !text.empty() && text.find_first_not_of(token) == std::string_view::npos;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Whether a list such as "keep-alive, Upgrade" holds `member`.
bool lists(std::string_view list, std::string_view member) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (lower(trim(list.substr(0, end))) == member) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

RequestReader::RequestReader(std::size_t header_bytes_max, std::size_t body_bytes_max)
    : header_bytes_max_(header_bytes_max), body_bytes_max_(body_bytes_max) {}

Request RequestReader::take() {
  SLUICE_ASSERT(state_ == State::complete);
  Request request = std::move(request_);
  *this = RequestReader(header_bytes_max_, body_bytes_max_);
  return request;
}

std::size_t RequestReader::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && (state_ == State::head || state_ == State::body)) {
    const bool in_body = part_ == Part::fixed_body || part_ == Part::chunk;
    taken += in_body ? feed_body(bytes.substr(taken)) : feed_line(bytes.substr(taken));
  }
  return taken;
}

std::size_t RequestReader::feed_line(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  const std::size_t count = end == std::string_view::npos ? bytes.size() : end + 1;
  if (head_bytes_ + line_.size() + count > header_bytes_max_) {
    refuse(431, "the header is too large");
    return count;
  }
  line_.append(bytes.substr(0, count));
  if (end == std::string_view::npos) return count;
  // A body of many chunks is bounded by its size, not by that of the lines between them.
  if (part_ != Part::chunk_size && part_ != Part::chunk_end) head_bytes_ += line_.size();
  if (!line_.ends_with("\r\n")) {
    refuse(400, "a line must end with CR LF");
    return count;
  }
  line_.resize(line_.size() - 2);
  read_line();
  line_.clear();
  return count;
}

std::size_t RequestReader::feed_body(std::string_view bytes) {
  const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), body_left_));
  request_.body.append(bytes.substr(0, count));
  body_left_ -= count;
  if (body_left_ > 0) return count;
  if (part_ == Part::chunk)
    part_ = Part::chunk_end;
  else
    complete();
  return count;
}

void RequestReader::read_line() {
  switch (part_) {
    case Part::request_line:
      return read_request_line();
    case Part::header:
      return line_.empty() ? end_head() : read_header();
    case Part::chunk_size:
      return read_chunk_size();
    case Part::chunk_end:
      if (!line_.empty()) return refuse(400, "a chunk is longer than it says");
      part_ = Part::chunk_size;
      return;
    case Part::trailer:  // nothing here needs one
      if (line_.empty()) complete();
      return;
    case Part::fixed_body:
    case Part::chunk:
      SLUICE_ASSERT(false);
  }
}

void RequestReader::read_request_line() {
  if (line_.empty()) return;  // RFC 9112 section 2.2: empty lines before a request are passed over
  const std::size_t first = line_.find(' '), last = line_.rfind(' ');
  if (first == std::string::npos || first == last) return refuse(400, "the request line is not METHOD TARGET VERSION");
  const std::string_view line = line_;
  const std::string_view version = line.substr(last + 1);
  request_.method = line.substr(0, first);
  if (!is_token(request_.method)) return refuse(400, "the method is not a word");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return version.starts_with("HTTP/") ? refuse(505, "HTTP/1.1 is spoken here") : refuse(400, "this is not HTTP");
  http10_ = version == "HTTP/1.0";
  keeps_alive_ = !http10_;
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.find(' ') != std::string_view::npos || !read_target(target, request_))
    return refuse(400, "the target is not a well-formed path");
  part_ = Part::header;
}

void RequestReader::read_header() {
  const std::string_view line = line_;
  const std::size_t colon = line.find(':');
  // A line that begins with a space would continue the one before: two servers would read it in two ways.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return refuse(400, "a header line is not NAME: VALUE");
  const std::string_view value = trim(line.substr(colon + 1));
  if (has_control(value)) return refuse(400, "a header holds a control character");
  request_.headers.emplace(lower(line.substr(0, colon)), value);
}

void RequestReader::end_head() {
  const auto& headers = request_.headers;
  const std::size_t hosts = headers.count("host");
  if (hosts > 1 || (hosts == 0 && !http10_)) return refuse(400, "exactly one Host is needed");
  for (auto [at, end] = headers.equal_range("connection"); at != end; ++at) {
    if (lists(at->second, "close")) keeps_alive_ = false;
    if (http10_ && lists(at->second, "keep-alive")) keeps_alive_ = true;
  }
  state_ = State::body;
  if (!read_framing() || state_ == State::complete) return;
  if (const auto expect = headers.find("expect"); expect != headers.end()) {
    if (lower(expect->second) != "100-continue") return refuse(417, "only 100-continue can be expected");
    expects_continue_ = !http10_;
  }
}

/// How long the body is: RFC 9112 section 6.3.
bool RequestReader::read_framing() {
  const auto& headers = request_.headers;
  const auto coding = headers.find("transfer-encoding");
  const auto length = headers.find("content-length");
  if (coding != headers.end()) {
    if (length != headers.end() || http10_) return refuse(400, "the body's length is given in two ways"), false;
    if (headers.count("transfer-encoding") > 1 || lower(coding->second) != "chunked")
      return refuse(501, "no transfer coding but chunked is known"), false;
    part_ = Part::chunk_size;
    return true;
  }
  if (length == headers.end()) return complete(), true;
  const std::optional<std::uint64_t> size = number(length->second, 10);
  if (!size || headers.count("content-length") > 1) return refuse(400, "Content-Length is not one number"), false;
  if (*size > body_bytes_max_) return refuse(413, "the body is too large"), false;
  if (*size == 0) return complete(), true;
  request_.body.reserve(*size);
  body_left_ = *size;
  part_ = Part::fixed_body;
  return true;
}

void RequestReader::read_chunk_size() {
  const std::string_view line = line_;
  const std::optional<std::uint64_t> size = number(trim(line.substr(0, line.find(';'))), 16);
  if (!size) return refuse(400, "the size of a chunk is not a number");
  if (*size > body_bytes_max_ - request_.body.size()) return refuse(413, "the body is too large");
  body_left_ = *size;
  part_ = *size == 0 ? Part::trailer : Part::chunk;
}

void RequestReader::refuse(int status, std::string_view detail) {
  state_ = State::refused;
  keeps_alive_ = false;
  expects_continue_ = false;
  refusal_ = problem(status, {}, detail);
}

}  // namespace sluice::api
