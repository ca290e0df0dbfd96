#include "tests/fuzz/payload.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

const std::vector<std::string> messages = {
    R"(- { name: m, topic: '{device...}', format: xml, each: '//*', rest: keep, time: ../time, readings: { v: ., up: '../*',
      n: 'count(.//*)', deep: './/*[.//*]', text: string(.), 'b{n}': '@b{n}', '{n}': '{n}' } })",
    R"(- { name: m, topic: '{device...}', format: xml, when: /msg/ch1 and /msg/id, time: { at: /msg/time, format: '%H:%M:%S' }, device: '{/msg/id}', rest: keep,
      readings: { watts: { at: ['/msg/ch1/watts', '/msg/@watts'], unit: W }, temp: { at: /msg/tmpr, from: { at: /msg/u, map: { F: '[degF]' } }, unit: Cel },
      third: "//sensor[@id='3']/@value", many: 'count(/msg/*)', sum: 'sum(//watts)', 'h{hours}': '/msg/values/h{hours}' } }
- { name: meter, topic: '{device...}', format: xml, readings: {
      power: { at: /demand/raw, base: 16, signed: 24, scale: { at: /demand/multiplier, base: 16 }, divisor: { at: /demand/divisor, base: 16 }, unit: W } } })",
    R"(- { name: m, topic: '{device...}', format: xml, each: '//{e}', carry: ['@unit'], rest: keep, device: '{@id}',
      readings: { '{e}': { at: ., unit: { at: '@unit', map: { W: W } } } } })",
};

void run(std::string_view input) {
  static Payloads payloads(messages);
  payloads.run(input);
}

const Target target("payload_xml", run);

}  // namespace
}  // namespace sluice::fuzz
