#include "connectors/mqtt/wake.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/core/assert.h"

namespace sluice::mqtt {

Wake::Wake() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  SLUICE_ASSERT(descriptor_ >= 0);
}

Wake::~Wake() {
  close(descriptor_);
}

void Wake::call() noexcept {
  eventfd_write(descriptor_, 1);
}

void Wake::clear() noexcept {
  eventfd_t calls = 0;
  eventfd_read(descriptor_, &calls);
}

}  // namespace sluice::mqtt
