#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/core/message.h"

namespace sluice::normalize {

/// Parts of the text of an event's `data`.

/// Appends `,"schema":...,"topic":...,"received_at":...,"retained":...,"time_from":"`: what all events of a message
/// share.
void append_shared_head(std::string& data, std::string_view schema, const Message& message);

/// What a placeholder brings into a reading's name: lower case, and every character outside a-z 0-9 _ - becomes _.
void append_as_name(std::string& name, std::string_view text);

inline constexpr std::size_t reading_name_size_max = 256;

}  // namespace sluice::normalize
