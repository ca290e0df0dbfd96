#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/library.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// "file:line:column"
std::string place_text(const Place& place);

/// Where the schema speaks of a field that it could not read: the reading, the device or the pattern; otherwise the
/// message itself.
Place place_of_field(const MessageSchema& schema, std::string_view field);

/// One of a message's topics.
struct TopicOf {
  const MessageSchema* schema;
  const Text* topic;
};

/// Messages of the library whose topics look most like this one, best first, at most `most`, one for each topic; none
/// where none is like it.
std::vector<TopicOf> nearest_topics(const Library& library, std::string_view topic, std::size_t most);

/// What became of a message and why, for people: the schema that took it, its file and line; where it could not be read
/// the field and its place; the schemas that were asked before, and why they did not apply; or where there is none the
/// nearest topics. Several lines, each with its end.
std::string explain(const Library& library, std::string_view topic, const Trace& trace, const Fate& fate);

}  // namespace sluice::normalize
