#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/app/config.h"
#include "gateway/app/config_section.h"

namespace sluice::app {

/// The list under `clouds`.
std::vector<Cloud> read_clouds(Section& file, const std::string& gateway_id, Duration age_max);

/// What one entry holds beside its name, by its type. `uplink` is its map of that name, of which the caller reads what
/// every type has.
void read_webhook(Section& cloud, Section& uplink, Cloud& into);
void read_mqtt(Section& cloud, Section& uplink, Cloud& into);
void read_azure_iot_hub(Section& cloud, Section& uplink, Cloud& into);

/// `commands`. `clouds` are those it may name.
CommandRules read_command_rules(Section& file, const std::vector<Cloud>& clouds);

/// `uplink.pack`: 0 where it is not set.
std::size_t read_pack(Section& uplink);

/// The `tls` map of a connection. `in_use`: whether its address speaks TLS at all; if not, the map is a problem.
enum class ServerName { as_addressed, may_be_set };
TlsOptions read_tls(Section& connection, bool in_use, ServerName server_name);

/// Whether every character is of a-z, 0-9 or `also`, and there are 1 to 64 of them.
bool is_name(std::string_view text, std::string_view also);

}  // namespace sluice::app
