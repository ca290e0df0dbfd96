#pragma once

#include <string>

#include "gateway/core/verdict.h"

namespace sluice::cloud_mqtt {

/// What a PUBACK means for the records it answers (MQTT 5 section 3.4.2.1). `said` is the server's reason string.
Verdict verdict_of(int reason, const std::string& said);

/// Whether a PUBACK blames what the message holds, so that its records are better sent one by one.
bool blames_content(int reason);

/// Whether a refused CONNECT stays refused until a person mends something: login, client id, version. `level`: 5 or 4.
bool is_lasting(int code, int level);

/// Whether the server does not know this version of MQTT.
bool is_unsupported(int code, int level);

}  // namespace sluice::cloud_mqtt
