#include "connectors/cloud_mqtt/downlink.h"

namespace sluice::cloud_mqtt {

std::string command_text(std::string_view payload) {
  return std::string(payload.substr(0, command_bytes_max + 1));
}

}  // namespace sluice::cloud_mqtt
