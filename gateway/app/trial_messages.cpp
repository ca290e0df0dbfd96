#include "gateway/app/trial_messages.h"

#include "gateway/core/assert.h"

namespace sluice::app {

namespace {

constexpr std::uint64_t devices = 10;
constexpr std::uint64_t packet_ids = 65'535;

constexpr auto family = R"(
family: selftest
messages:
  - name: sensor
    topic: tele/{device}/SENSOR
    format: json
    readings:
      number: { at: /Number, type: integer, required: true }
      temperature: { at: /DS18B20/Temperature, unit: Cel }
      voltage: { at: /ENERGY/Voltage, unit: V }
      current: { at: /ENERGY/Current, unit: A }
      power: { at: /ENERGY/Power, unit: W }
)";

std::string name_of_device(std::uint64_t number) {
  return "d" + std::to_string(number % devices);
}

}  // namespace

Message trial_message(std::uint64_t number, Timestamp now) {
  Message message;
  message.topic = "tele/" + name_of_device(number) + "/SENSOR";
  message.payload = R"({"Time":"2026-03-01T10:00:00","Number":)" + std::to_string(number) +
                    R"(,"DS18B20":{"Id":"00000A1B2C3D","Temperature":21.5},"ENERGY":{"Total":12.345,"Yesterday":0.5,)"
                    R"("Today":0.25,"Period":1,"Power":42,"ApparentPower":51,"ReactivePower":29,"Factor":0.82,)"
                    R"("Voltage":231,"Current":0.221},"TempUnit":"C"})";
  message.payload_size = message.payload.size();
  message.qos = 1;
  message.received_at = now;
  message.packet_id = static_cast<std::uint16_t>((number - 1) % packet_ids + 1);
  return message;
}

std::string trial_device(std::uint64_t number) {
  return "selftest/" + name_of_device(number);
}

std::shared_ptr<const normalize::Library> trial_library() {
  normalize::Problems problems;
  auto library = normalize::Library::of_text(family, "selftest.yaml", problems);
  SLUICE_ASSERT(library != nullptr);
  return library;
}

}  // namespace sluice::app
