// What GET /v1/stats answers.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bridge/http/http_services.h"

namespace sluice {

class Shard;

// Who reads what, now. A subscriber counts once for each of its topics and once
// for each channel type that it has topics of.
struct SubscriberCounts {
  uint64_t total = 0;
  std::map<std::string, uint64_t> by_channel_type;
  std::map<std::string, uint64_t> by_topic;

  // On the shard's thread.
  void Add(const Shard& shard);
};

// At most this many topics are listed; how many were left out is said.
inline constexpr size_t kTopicsListedMax = 10'000;

std::string StatisticsJson(const HttpServices& services, const SubscriberCounts& counts);

}  // namespace sluice
