// Topics and the patterns that allow them.
#pragma once

#include <string>
#include <string_view>

namespace example {

// "*" is any one segment, "**" at the end is one or more; everything else is
// itself: "conversation/*", "host/**", "user/{subject}". (The subject is compared
// as it is: one that is called "*" matches no more than itself.)
bool MatchesTopic(std::string_view pattern, std::string_view topic, std::string_view subject = {});

// Puts `subject` wherever `text` says "{subject}".
std::string WithSubject(std::string_view text, std::string_view subject);

}  // namespace example
