// The path of a request, and topics (which may be made of one), as the log may have them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// Without its query, and without what is one by its looks: clients that encode the '?', or
// leave it out, must not find their token in the log. Empty: `target` is no path.
std::string LoggedPath(std::string_view target);

// Topics in the same way, with commas between them.
std::string LoggedTopics(const std::vector<std::string>& topics);

// A message that may name some of these topics, which then stand in it as above.
std::string LoggedMessage(std::string_view message, std::vector<std::string> topics);

}  // namespace sluice
