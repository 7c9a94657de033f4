#include "bridge/http/accept.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

using Pieces = std::vector<absl::string_view>;

// How closely a media range names text/event-stream; 0: not at all.
int Specificity(absl::string_view range) {
  if (absl::EqualsIgnoreCase(range, "text/event-stream")) return 3;
  if (absl::EqualsIgnoreCase(range, "text/*")) return 2;
  return range == "*/*" ? 1 : 0;
}

// Parameters of a range: only ";q=0" (and its longer forms) excludes.
bool WeightIsZero(const Pieces& pieces) {
  for (size_t i = 1; i < pieces.size(); ++i) {
    absl::string_view parameter = absl::StripAsciiWhitespace(pieces[i]);
    double weight = 1;
    if (absl::StartsWithIgnoreCase(parameter, "q=") &&
        absl::SimpleAtod(parameter.substr(2), &weight) && weight <= 0) {
      return true;
    }
  }
  return false;
}

bool Mentions(const RequestHead& head, std::string_view field, absl::string_view what) {
  return absl::StrContains(absl::AsciiStrToLower(head.Field(field).value_or("")), what);
}

}  // namespace

bool AcceptsEventStream(std::string_view accept) {
  if (absl::StripAsciiWhitespace(AsAbsl(accept)).empty()) return true;
  int best = 0;
  bool accepted = false;
  for (const absl::string_view range : absl::StrSplit(AsAbsl(accept), ',')) {
    const Pieces pieces = absl::StrSplit(range, ';');
    const int specificity = Specificity(absl::StripAsciiWhitespace(pieces[0]));
    if (specificity <= best) continue;
    best = specificity;
    accepted = !WeightIsZero(pieces);
  }
  return accepted;
}

bool LooksLikeEventSource(const RequestHead& head) {
  return Mentions(head, "accept", "text/event-stream") &&
         Mentions(head, "cache-control", "no-cache");
}

}  // namespace sluice
