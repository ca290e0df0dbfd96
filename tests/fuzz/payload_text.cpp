#include "tests/fuzz/payload.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

const std::vector<std::string> messages = {
    R"(- { name: presence, topic: '{device...}', format: text, kind: presence, when: pattern, pattern: '(?i)o(n|ff)line', presence: { online: Online, offline: [Offline, ''] } }
- { name: m, topic: '{device...}', format: text, decimal: ',', pattern: '(?s)(?P<a>(x+x+)+y|.*?)(?P<b>-?\d*,?\d*)(?P<u>[A-Za-z°%]*)',
      rest: keep, readings: { v: value, a: a, b: { at: b, unit: { at: u, map: { W: W, '°C': Cel } } } } })",
    R"(- { name: m, topic: '{device...}', format: text, pairs: { encoding: form }, device: '{PASSKEY}', rest: keep, time: { at: dateutc, format: '%Y-%m-%d %H:%M:%S', zone: UTC },
      readings: { wind: { at: windspeedmph, from: '[mi_i]/h', unit: m/s }, 'channel_{n}.temperature': { at: 'temp{n}f', unit: '[degF]' }, '{k}': '{k}' } })",
    R"(- { name: m, topic: '{device...}', format: text, pairs: { delimiter: ',', sign: ' ' }, checksum: nmea, rest: keep, readings: {
      'c{n}': { at: 'c{n}', unit: { at: 'a{n}', map: { W: W } } }, '{n}': '{n}' } })",
    R"(- { name: m, topic: '{device}/{x}', format: text, time: { at: value, format: epoch_2000, base: 16 }, readings: { v: { at: value, type: number, min: -1e9, max: 1e9 } } })",
};

void run(std::string_view input) {
  static Payloads payloads(messages);
  payloads.run(input);
}

const Target target("payload_text", run);

}  // namespace
}  // namespace sluice::fuzz
