#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include "gateway/app/config_clouds.h"

namespace sluice::app {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// RFC 9110 section 5.6.2: token.
bool is_header_name(std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
  return !name.empty() && lower(name).find_first_not_of(letters) == std::string::npos;
}

/// RFC 9110 section 5.5, without the obsolete forms: no line end can slip in and become a header of its own.
bool is_header_value(std::string_view value) {
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
  return printable && !value.starts_with(' ') && !value.ends_with(' ');
}

/// What a request needs to be itself.
constexpr std::array own_headers = {"connection"sv,       "content-encoding"sv,
                                    "content-length"sv,   "content-type"sv,
                                    "expect"sv,           "host"sv,
                                    "idempotency-key"sv,  "te"sv,
                                    "trailer"sv,          "transfer-encoding"sv,
                                    "upgrade"sv,          "user-agent"sv,
                                    "webhook-id"sv,       "webhook-signature"sv,
                                    "webhook-timestamp"sv};

void read_headers(Section& cloud, webhook::Options& options) {
  std::set<std::string> seen;
  for (auto& [member, value] : cloud.members("headers")) {
    const std::string name = lower(member->key);
    const auto refuse = [&, member = member](std::string_view why) {
      cloud.fail_at(member->place, "headers", member->key + ": " + std::string(why));
    };
    if (!is_header_name(name)) {
      refuse("not a header's name (letters, digits and - without spaces)");
    } else if (std::find(own_headers.begin(), own_headers.end(), name) != own_headers.end()) {
      refuse("Sluice sets this header itself");
    } else if (!seen.insert(name).second) {
      refuse("stands here a second time (upper and lower case are the same)");
    } else if (!is_header_value(value.text)) {
      refuse("a header's value is one line without control characters and without spaces round it");
    } else {
      // Many a header is a key, few a secret worth a warning; the usual names tell.
      const bool key = name == "authorization" || name.find("key") != std::string::npos ||
                       name.find("token") != std::string::npos || name.find("secret") != std::string::npos;
      if (key && value.literal()) cloud.reading().secret_in_the_open = true;
      options.headers.emplace_back(member->key, std::move(value.text));
    }
  }
}

void read_auth(Section& cloud, webhook::Options& options) {
  Section auth = cloud.section("auth");
  auth.secret("bearer", options.bearer);
  auth.text("username", options.username);
  auth.secret("password", options.password);
  if (auth.has("bearer") && (auth.has("username") || auth.has("password")))
    auth.fail("bearer", "stands beside username or password; write one or the other");
  if (auth.has("username") != auth.has("password"))
    auth.fail(auth.has("username") ? "username" : "password", "username and password go together");
  // RFC 6750 section 2.1 and RFC 7617 section 2.
  if (options.bearer.find(' ') != std::string::npos)
    auth.fail("bearer", "holds a space; write the token alone, without 'Bearer'");
  if (options.username.find(':') != std::string::npos) auth.fail("username", "must not hold a ':'");
  const bool header = std::any_of(options.headers.begin(), options.headers.end(),
                                  [](const auto& given) { return lower(given.first) == "authorization"; });
  if (header && (auth.has("bearer") || auth.has("username")))
    cloud.fail("auth", "stands beside a header Authorization; write one or the other");
}

std::optional<webhook::Url> read_address(Section& section, std::string_view key, const Value& text, bool allow_plain) {
  auto url = webhook::parse_url(text.text);
  if (!url) return section.fail(key, url.error().message), std::nullopt;  // never repeats it: it may hold a key
  if (!url->tls && !url->loopback() && !allow_plain)
    section.fail(key,
                 "http:// to another machine can be read and changed on the way; write https://, or allow_plain: true "
                 "beside " +
                     std::string(key == "url" ? "it" : "the cloud's url"));
  return std::move(*url);
}

void read_downlink(Section& cloud, webhook::Options& options, bool allow_plain) {
  const bool wanted = cloud.find("downlink") != nullptr;
  Section section = cloud.section("downlink");
  webhook::Downlink downlink;
  if (const auto poll = section.value("poll")) downlink.poll = read_address(section, "poll", *poll, allow_plain);
  section.duration("every", downlink.every, {1s, 1h});
  section.flag("in_answers", downlink.in_answers);
  if (!wanted) return;
  if (!section.has("poll") && !downlink.in_answers)
    return cloud.fail("downlink",
                      "brings nothing; write poll: with the address to ask for commands, or in_answers: true");
  if (section.has("every") && !section.has("poll")) section.fail("every", "has no effect without poll");
  options.downlink = std::move(downlink);
}

void read_url(Section& cloud, webhook::Options& options) {
  bool allow_plain = false;
  cloud.flag("allow_plain", allow_plain);
  read_downlink(cloud, options, allow_plain);
  const auto text = cloud.required("url", "write the address that takes the events: https://host/path");
  if (!text) return;
  if (auto url = read_address(cloud, "url", *text, allow_plain)) options.url = std::move(*url);
}

void read_signing_secret(Section& cloud, webhook::Options& options) {
  cloud.secret("signing_secret", options.signing_secret);
  if (options.signing_secret.empty()) return;
  if (const auto key = webhook::signing_key(options.signing_secret); !key)
    cloud.fail("signing_secret", key.error().message);
}

}  // namespace

void read_webhook(Section& cloud, Section& uplink, Cloud& into) {
  auto& options = std::get<webhook::Options>(into.options);
  options.name = into.name;
  read_url(cloud, options);
  cloud.choice("format", options.format,
               {{"cloudevents_batch", webhook::Format::cloudevents_batch},
                {"cloudevents", webhook::Format::cloudevents},
                {"ndjson", webhook::Format::ndjson}});
  cloud.choice("compression", options.gzip, {{"none", false}, {"gzip", true}});
  read_headers(cloud, options);
  read_auth(cloud, options);
  read_signing_secret(cloud, options);
  cloud.duration("timeout", options.timeout, {1s, 10min});
  // A broken address is told already; what its TLS would be good for cannot be said.
  options.tls = read_tls(cloud, options.url.host.empty() || options.url.tls, ServerName::as_addressed);
  Section batch = cloud.section("batch");
  batch.number("count_max", into.batch_count_max, {1, 10'000});
  batch.size("bytes_max", options.batch_bytes_max, {1 << 10, 16 << 20});
  batch.duration("wait_max", into.batch_wait_max, {0s, 1h});
  into.downlink = options.downlink.has_value();
  const std::size_t pack = read_pack(uplink);
  if (pack == 0) return;
  // A request with several events is this kind of cloud's pack.
  if (options.format == webhook::Format::cloudevents)
    uplink.fail("pack", "needs a format that holds several events: cloudevents_batch or ndjson");
  if (batch.has("bytes_max")) uplink.fail("pack", "says the same as batch.bytes_max; write one of them");
  options.batch_bytes_max = pack;
}

}  // namespace sluice::app
