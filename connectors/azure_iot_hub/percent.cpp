#include "connectors/azure_iot_hub/percent.h"

namespace sluice::azure_iot_hub {

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (unreserved.find(c) != std::string_view::npos)
      out += c;
    else
      ((out += '%') += digits[byte >> 4]) += digits[byte & 0xf];
  }
  return out;
}

}  // namespace sluice::azure_iot_hub
