#pragma once

#include <string>
#include <string_view>

namespace sluice::app {

/// Text of devices and clouds for a terminal or a log: what is not shown but acts (control characters, what turns the
/// reading direction) and bytes that are not UTF-8 are written as \n, \x1b or \u202e, so that a line stays one line.
void append_visible(std::string& out, std::string_view text);
std::string visible(std::string_view text);

/// The same as a JSON string.
void append_json_visible(std::string& out, std::string_view text);

}  // namespace sluice::app
