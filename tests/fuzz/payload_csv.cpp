#include "tests/fuzz/payload.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

const std::vector<std::string> messages = {
    R"(- { name: m, topic: '{device...}', format: csv, rest: keep, csv: { comment: '#', skip_rows: 1 }, time: time,
      readings: { 'c{n}': { at: 'c{n}', unit: { at: 'u{n}', map: { W: W } } }, first: { at: 1, type: number }, far: 9999, '{column}': '{column}' } })",
    R"(- { name: m, topic: '{device...}', format: csv, csv: { delimiter: ';', decimal: ',', quote: "'" }, time: { at: t, format: '%d.%m.%Y %H:%M:%S', zone: Europe/Berlin },
      device: '{id}', readings: { a: { at: a, unit: Cel, from: { at: u, map: { F: '[degF]' } } }, b: { at: b, required: true } } })",
    R"(- { name: rmc, topic: '{device...}', format: csv, checksum: nmea, when: { at: 1, is: [GPRMC, GNRMC] },
      csv: { header: false, columns: [kind, utc, valid, lat, ns, lon, ew, speed, course, day] },
      time: { at: utc, date: day, format: '%H%M%E*S %d%m%y', zone: UTC }, rest: keep,
      readings: { speed: { at: speed, unit: '[kn_i]' }, latitude: { at: lat, scale: { at: ns, map: { N: 1, S: -1 } } } } }
- { name: any, topic: '{device...}', format: csv, checksum: nmea, csv: { header: false }, rest: keep, readings: { '{n}': '{n}' } })",
    R"(- { name: m, topic: '{device...}', format: csv, csv: { delimiter: "\t", header: true, columns: [a, b, a_b, 'c d'] }, kind: occurrence,
      readings: { '{a}.x': { at: b, default: 7, max: 1e6 }, h: { at: 'c d', base: 16, signed: 16 } } })",
};

void run(std::string_view input) {
  static Payloads payloads(messages);
  payloads.run(input);
}

const Target target("payload_csv", run);

}  // namespace
}  // namespace sluice::fuzz
