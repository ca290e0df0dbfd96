#pragma once

#include <optional>
#include <string>

#include "gateway/app/config.h"
#include "gateway/app/doctor_report.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"

namespace sluice::app {

/// What the running gateway says of one of its connections.
struct Word {
  bool up = false;
  std::string text;  ///< "up since …", or "down since …: why"
};

/// Each goes step by step through one connection, up to the first step that fails, and says so in `report`. `word`: of
/// the gateway that runs with this configuration; nothing: none runs, and the gateway's own client id may be used.
void examine_local_broker(const Config& config, const std::optional<Word>& word, DoctorReport& report);
void examine_cloud(const Config& config, const Cloud& cloud, const std::optional<Word>& word, const Clock& clock,
                   Log& log, DoctorReport& report);

/// Prints the steps to a host, and answers whether all went well. `tls`: null for an address without.
bool examine_way(const std::string& host, int port, const TlsOptions* tls, const std::string& alpn,
                 DoctorReport& report);

}  // namespace sluice::app
