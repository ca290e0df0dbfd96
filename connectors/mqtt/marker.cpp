#include "connectors/mqtt/marker.h"

#include <cstdlib>
#include <memory>
#include <string_view>

#include <mosquitto.h>
#include <mqtt_protocol.h>

namespace sluice::mqtt {

namespace {
struct Free {
  void operator()(char* text) const { std::free(text); }
};
using Text = std::unique_ptr<char, Free>;
}  // namespace

bool carries_marker(const mqtt5__property* properties) noexcept {
  bool further = false;
  while (properties != nullptr) {
    char* name = nullptr;
    char* value = nullptr;
    properties = mosquitto_property_read_string_pair(properties, MQTT_PROP_USER_PROPERTY, &name, &value, further);
    const Text owned_name(name);
    const Text owned_value(value);
    if (properties != nullptr && name != nullptr && std::string_view(name) == marker) return true;
    further = true;
  }
  return false;
}

}  // namespace sluice::mqtt
