#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/app/config.h"
#include "gateway/app/config_section.h"

namespace sluice::app {

/// The list under `clouds`. `source` is the `source` of every event.
std::vector<Cloud> read_clouds(Section& file, const std::string& source);

/// The `tls` map of a connection. `in_use`: whether its address speaks TLS at all; if not, the map is a problem.
enum class ServerName { as_addressed, may_be_set };
TlsOptions read_tls(Section& connection, bool in_use, ServerName server_name);

/// Whether every character is of a-z, 0-9 or `also`, and there are 1 to 64 of them.
bool is_name(std::string_view text, std::string_view also);

}  // namespace sluice::app
