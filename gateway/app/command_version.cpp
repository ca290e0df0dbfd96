#include <iostream>

#include "connectors/mqtt/words.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/version.h"
#include "gateway/store/store.h"

namespace sluice::app {

int version() {
  std::cout << "sluice " << version_text << "\n"
            << "build: " << SLUICE_BUILD << "\n"
            << "sqlite: " << store::sqlite_version() << "\n"
            << "libmosquitto: " << mqtt::library_version() << "\n";
  return exit_ok;
}

}  // namespace sluice::app
