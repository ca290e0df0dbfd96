#include "gateway/api/response_text.h"

#include <algorithm>

#include "gateway/core/json_text.h"

namespace sluice::api {

namespace {

/// What a handler puts into a header must not become another header, or another response.
void append_value(std::string& out, std::string_view value) {
  std::transform(value.begin(), value.end(), std::back_inserter(out),
                 [](unsigned char c) { return c < 0x20 || c == 0x7f ? ' ' : static_cast<char>(c); });
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  append_value(out, value);
  out += "\r\n";
}

bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

Response problem(int status, std::string_view title, std::string_view detail) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = R"({"title":)";
  append_json_string(response.body, title.empty() ? reason_phrase(status) : title);
  response.body += R"(,"status":)" + std::to_string(status);
  if (!detail.empty()) {
    response.body += R"(,"detail":)";
    append_json_string(response.body, detail);
  }
  response.body += '}';
  return response;
}

std::string response_text(const Response& response, bool keeps_alive, bool head_only) {
  std::string out;
  out.reserve(256 + response.body.size());
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_phrase(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  if (!keeps_alive) append_header(out, "Connection", "close");
  if (has_body(response.status)) {
    append_header(out, "Content-Type", response.content_type);
    append_header(out, "Content-Length", std::to_string(response.body.size()));
  }
  out += "\r\n";
  if (has_body(response.status) && !head_only) out += response.body;
  return out;
}

}  // namespace sluice::api
