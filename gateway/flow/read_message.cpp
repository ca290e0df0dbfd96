#include "gateway/flow/read_message.h"

#include "gateway/core/unsynced.h"

namespace sluice::flow {

normalize::Fate read_message(const Message& message, normalize::Normalizer& normalizer, bool keep_payload,
                             std::vector<Record>& out) {
  const std::size_t before = out.size();
  normalize::Fate fate = normalizer.normalize(message, out);
  if (keep_payload && out.size() > before && !message.cut()) out[before].payload = message.payload;
  if (message.boot_at)
    for (std::size_t i = before; i < out.size(); ++i) mark_unsynced(out[i], *message.boot_at);
  return fate;
}

}  // namespace sluice::flow
