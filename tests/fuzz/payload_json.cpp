#include "tests/fuzz/payload.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

const std::vector<std::string> messages = {
    // Wildcards that share, look up and take the rest.
    R"(- { name: m, topic: '{device...}', format: json, time: /Time, rest: keep, readings: {
      t: { at: [/t, /T/0], unit: Cel, from: { at: /u, map: { C: Cel, F: '[degF]', k: K } } },
      '{a}.{b}.{c}': { at: '/{a}/{b}/{c}', unit: { at: '/{a}/u', map: { C: Cel } } },
      '{a}.{b}': '/{a}/{b}', 'x{n}': { at: '/k{n}', unit: { at: '/k{n}1', map: { W: W } } }, '{a}': '/{a}' } })",
    // SenML: each, carry, a time in two parts.
    R"(- { name: m, topic: '{device...}', format: json, each: '', carry: [/bn, /bt, /bu], device: '{/bn}', rest: keep,
      time: { at: /bt, offset: /t, format: epoch_s, relative_below: 268435456 },
      readings: { '{/n}': { at: [/v, /vs, /vb], unit: { at: [/u, /bu], map: { Cel: Cel } } } } })",
    // Everything that is calculated.
    R"(- { name: m, topic: '{device}/{x}_power', format: json, time: { at: /ts, format: epoch }, readings: {
      hex: { at: /hex, base: 16, signed: 24, scale: { at: /f, base: 16 }, divisor: { at: /d }, offset: -40, unit: W },
      odd: { at: /odd, base: 36 }, wide: { at: /wide, base: 16, signed: 64 }, octal: { at: /octal, base: 8, signed: 8 },
      f: { at: /temp, from: '[degF]', unit: Cel, min: -273, max: 10000 }, e: { at: /m, from: W.min, unit: kWh },
      '{s}.v': { at: '/s/{s}/raw', scale: { at: '/s/{s}/factor', map: { a: 0.1, b: 1e300 } }, offset: { at: '/s/{s}/o', scale: 1e9 } } } }
- { name: typed, topic: '{device}/typed', format: json, readings: {
      n: { at: /n, type: number }, i: { at: /i, type: integer }, b: { at: /b, type: boolean, map: { 'ON': true, 'OFF': false } },
      s: { at: /s, type: string, default: none }, p: { at: /p, pattern: '([0-9.]+) V', unit: V, required: true } } })",
    // Which message applies, and kinds.
    R"(- { name: event, topic: '{device...}', format: json, kind: occurrence, when: { at: /type, is: [click, 5, true] }, rest: keep, readings: {} }
- { name: state, topic: '{device...}', format: json, kind: presence, when: { at: '/{any}/state', matches: 'o(n|ff)line' },
      presence: { at: /a/state, online: online, offline: [offline, ''] } }
- { name: twice, topic: '{device...}', format: json, when: [/x, { at: /v, is: 2 }], time: { at: /x, format: '%d.%m.%Y %H:%M:%S', zone: UTC },
      readings: { v: /v } })",
    // Members that are devices, and pointers with what is escaped.
    R"(- { name: m, topic: 'hub/{hub}', format: json, each: '/nodes/{node}', device: '{hub}/{node}', rest: keep,
      time: { at: /when, date: /day, format: '%Y-%m-%d %H:%M' }, readings: { 'a~b': '/a~1b~0c', '{k}': '/l/0/{k}' } }
- { name: other, topic: '{device..3}/state', format: json, time: { at: /ms, format: epoch_ms }, rest: keep, readings: { v: '' } })",
};

void run(std::string_view input) {
  static Payloads payloads(messages);
  payloads.run(input);
}

const Target target("payload_json", run);

}  // namespace
}  // namespace sluice::fuzz
