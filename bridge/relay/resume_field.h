// A string field of a message, read from and added to its wire bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// The last of field `number` at the top level. Nothing: it is not there, or the
// bytes are broken before it.
std::optional<std::string> FindStringField(std::string_view message, int number);

// Behind what is there, so that it wins.
void AddStringField(int number, std::string_view value, std::string* message);

}  // namespace sluice
