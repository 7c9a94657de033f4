// What subscribers are called in logs and by operators.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// "http-7": the next one of this process. Any thread.
std::string NewSubscriberId(std::string_view transport);

// From now on "http-3f9c02-7", so that no other bridge of a fleet has the same ones. Before
// there are subscribers.
void TellSubscriberIdsApartBy(std::string_view tag);

}  // namespace sluice
