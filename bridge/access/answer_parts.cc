#include "bridge/access/answer_parts.h"

#include "absl/strings/str_cat.h"
#include "bridge/access/decisions.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

constexpr size_t kReasonBytesMax = 512;

}  // namespace

Decision NoDecision(std::string_view why) {
  return Denial(Decision::Verdict::kError,
                absl::StrCat("the authorizer's answer is no decision: ", AsAbsl(why)));
}

std::string ReasonFrom(std::string_view text) {
  if (text.size() > kReasonBytesMax) {
    size_t end = kReasonBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  return HasControlCharacter(text) ? "(the authorizer's reason holds control characters)"
                                   : std::string(text);
}

bool IsSubject(std::string_view text) {
  return text.size() <= kSubjectBytesMax && IsUtf8(text) && !HasControlCharacter(text);
}

}  // namespace sluice
