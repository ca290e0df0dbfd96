#pragma once

#include <string>
#include <string_view>

namespace sluice::mqtt {

/// Why the broker refused CONNECT: MQTT 5 section 3.2.2.2, or MQTT 3.1.1 section 3.2.2.3 where `level` is 4.
std::string refusal_words(int code, int level);

/// A reason code of MQTT 5 (section 2.4), as in DISCONNECT and SUBACK.
std::string reason_words(int code);

/// A result of libmosquitto, with errno as it was.
std::string library_words(int code, int error_number);

/// A line of libmosquitto's log about OpenSSL: "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify
/// failed".
std::string tls_words(std::string_view line);

/// Whether such a line blames certificates, keys or versions, which somebody has to mend, and not just a connection
/// that ended in the middle of the handshake.
bool blames_tls(std::string_view line);

/// The version of the MQTT library at run time.
std::string library_version();

}  // namespace sluice::mqtt
