#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/normalize/draft_payload.h"

namespace sluice::normalize {

/// Topics that are told apart by names alone, and what is published on all of them.
struct TopicShape {
  std::vector<std::string> levels;                         ///< "" where it varies
  std::map<std::string, std::vector<std::size_t>> topics;  ///< which of the messages came on each
  Look look;

  /// "sensors/{device}/climate"; a level that looks like a device's name is {device}, also where there was only one.
  std::string pattern() const;
  /// What `device` must be where {device} alone does not tell devices apart, or there is none; otherwise empty.
  std::string device() const;
  /// The last level that says something about the message: "climate". Empty: none.
  std::string subject() const;

 private:
  std::size_t device_level() const;
};

/// What is known of one topic.
struct TopicSeen {
  std::string topic;
  Look look;
  std::vector<std::size_t> messages;
};

/// Groups topics whose messages are alike. `filter`: what was subscribed to; where it has a `+` the level varies.
std::vector<TopicShape> topic_shapes(const std::vector<TopicSeen>& topics, const std::string& filter);

}  // namespace sluice::normalize
