#pragma once

#include <optional>

#include "gateway/api/http_server.h"
#include "gateway/app/reload_desk.h"

namespace sluice::app {

/// The answer to POST /api/v1/reload. 200: {"changes": ["cloud 'x' added"], "warnings": []}; 422 with `errors`, each
/// {"file", "line", "column", "message"}, where it was refused; 503 where the disk, or the gateway, could not. Nothing:
/// nobody did it.
api::Response reload_page(const std::optional<Reloaded>& reloaded);

}  // namespace sluice::app
