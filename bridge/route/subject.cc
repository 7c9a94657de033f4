#include "bridge/route/subject.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/event/topic.h"
#include "bridge/route/text_template.h"

namespace sluice {
namespace {

bool Replace(std::string& text, std::string_view subject) {
  size_t at = text.find(kSubjectTemplate);
  if (at == std::string::npos) return false;
  for (; at != std::string::npos; at = text.find(kSubjectTemplate, at + subject.size())) {
    text.replace(at, kSubjectTemplate.size(), subject);
  }
  return true;
}

bool CanBeSegment(std::string_view subject) {
  return !subject.empty() && IsUtf8(subject) && !HasControlCharacter(subject) &&
         subject.find('/') == std::string_view::npos;
}

}  // namespace

absl::Status FillSubject(std::string_view subject, std::vector<std::string>& topics,
                         Attributes& filter) {
  bool filled = false;
  std::vector<std::string> folded;
  for (std::string& topic : topics) {
    if (Replace(topic, subject)) {
      filled = true;
      if (const absl::Status status = ValidateTopic(topic); !status.ok()) {
        return absl::PermissionDeniedError(
            absl::StrCat("the subject makes no topic: it ", status.message()));
      }
    }
    if (std::find(folded.begin(), folded.end(), topic) == folded.end()) {
      folded.push_back(std::move(topic));
    }
  }
  for (auto& [key, value] : filter) filled |= Replace(value, subject);
  if (filled && !CanBeSegment(subject)) {
    return absl::PermissionDeniedError("the subject is empty, or holds '/' or a control character");
  }
  topics = std::move(folded);
  return absl::OkStatus();
}

}  // namespace sluice
