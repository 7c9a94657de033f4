#include "bridge/event_log/jetstream/topic_subject.h"

namespace sluice {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string SubjectOfTopic(std::string_view prefix, std::string_view topic) {
  std::string subject;
  subject.reserve(prefix.size() + 1 + topic.size());
  subject.append(prefix).push_back('.');
  for (const char c : topic) {
    if (c == '/') {
      subject.push_back('.');
    } else if (IsPlain(c)) {
      subject.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      subject.push_back('=');
      subject.push_back(kHex[byte >> 4]);
      subject.push_back(kHex[byte & 15]);
    }
  }
  return subject;
}

std::optional<std::string> TopicOfSubject(std::string_view prefix, std::string_view subject) {
  if (subject.size() <= prefix.size() + 1 || subject.substr(0, prefix.size()) != prefix ||
      subject[prefix.size()] != '.') {
    return std::nullopt;
  }
  const std::string_view tokens = subject.substr(prefix.size() + 1);
  std::string topic;
  topic.reserve(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    const char c = tokens[i];
    if (c == '.') {
      topic.push_back('/');
    } else if (IsPlain(c)) {
      topic.push_back(c);
    } else if (c == '=' && i + 2 < tokens.size() && HexValue(tokens[i + 1]) >= 0 &&
               HexValue(tokens[i + 2]) >= 0) {
      topic.push_back(static_cast<char>(HexValue(tokens[i + 1]) << 4 | HexValue(tokens[i + 2])));
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  // Only what is written the one way counts.
  if (SubjectOfTopic(prefix, topic) != subject) return std::nullopt;
  return topic;
}

}  // namespace sluice
