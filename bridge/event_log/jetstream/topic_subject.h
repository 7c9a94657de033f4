// Topics as NATS subjects: an injective encoding, segment by segment, so that
// `orders/*` cannot be made by anybody who names a topic.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// "conversation/42" under "sluice.kept" is "sluice.kept.conversation.42". Letters, digits,
// '-' and '_' stand for themselves; every other byte is '=' and two hexadecimal digits.
std::string SubjectOfTopic(std::string_view prefix, std::string_view topic);

// Nothing: no subject that SubjectOfTopic makes.
std::optional<std::string> TopicOfSubject(std::string_view prefix, std::string_view subject);

}  // namespace sluice
