#pragma once

#include <string>
#include <string_view>

#include "connectors/cloud_mqtt/downlink.h"
#include "gateway/core/result.h"

namespace sluice::cloud_mqtt {

/// Whether commands can come on this topic: one topic without wildcards, not the broker's own. Errors: config.
Result<> check_command_topic(std::string_view topic);

/// Commands on one topic, subscribed at QoS 1: one command as JSON a message. With MQTT 5 the answers go to the
/// message's response topic, with its correlation data (MQTT 5 section 4.10). A response topic that holds wildcards or
/// NUL, begins with $, is longer than 1024 bytes or is the command topic is not used, nor is one with more than 1024
/// bytes of correlation data: the command counts all the same.
MakeDownlink topic_downlink(std::string topic);

}  // namespace sluice::cloud_mqtt
