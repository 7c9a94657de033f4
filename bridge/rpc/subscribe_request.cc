#include "bridge/rpc/subscribe_request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/access/stream_access.h"
#include "bridge/base/utf8.h"
#include "bridge/event/masked_views.h"
#include "bridge/event/topic.h"
#include "bridge/route/subject.h"
#include "sluice/v1/subscriber.pb.h"

namespace sluice {
namespace {

constexpr size_t kLastEventIdBytesMax = 256;
// Of a request without its topics, which have a bound of their own. (gRPC keeps it, with the
// fields that nobody knows, for as long as the stream runs.)
constexpr size_t kRequestBytesMax = 64 * 1024;
// What stands before each topic.
constexpr size_t kTopicHeadBytes = 3;

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(why); }

absl::Status CheckSize(const v1::SubscribeRequest& request, uint32_t topics_max) {
  const size_t topics_bytes_max = topics_max * (kTopicBytesMax + kTopicHeadBytes);
  const size_t bytes_max = std::max(kRequestBytesMax, topics_bytes_max + kRequestBytesMax / 2);
  if (request.ByteSizeLong() <= bytes_max) return absl::OkStatus();
  return Refuse(absl::StrCat("the request is larger than ", bytes_max, " bytes"));
}

absl::Status ReadTopics(const v1::SubscribeRequest& request, uint32_t topics_max,
                        std::vector<std::string>* topics) {
  if (request.topics().empty()) return Refuse("topics: at least one is required");
  if (static_cast<uint32_t>(request.topics_size()) > topics_max) {
    return Refuse(
        absl::StrCat("topics: are more than ", topics_max, " (limits.topics_per_subscriber)"));
  }
  for (int i = 0; i < request.topics_size(); ++i) {
    if (const absl::Status status = ValidateTopic(request.topics(i)); !status.ok()) {
      return Refuse(absl::StrCat("topics[", i, "]: ", status.message()));
    }
    if (std::find(topics->begin(), topics->end(), request.topics(i)) == topics->end()) {
      topics->push_back(request.topics(i));
    }
  }
  return absl::OkStatus();
}

// No event has an attribute that would not pass here.
absl::Status CheckAttributes(const v1::SubscribeRequest& request) {
  absl::Status status = ValidateAttributeCount(request.attributes_size());
  for (const auto& [key, value] : request.attributes()) {
    status.Update(ValidateAttribute(key, value));
  }
  return status.ok() ? status : Refuse(absl::StrCat("attributes: ", status.message()));
}

}  // namespace

absl::StatusOr<RequestedSubscription> ReadSubscribeRequest(const v1::SubscribeRequest& request,
                                                           uint32_t topics_max) {
  if (absl::Status s = CheckSize(request, topics_max); !s.ok()) return s;
  RequestedSubscription requested;
  SubscriptionSpec& spec = requested.spec;
  if (absl::Status s = ReadTopics(request, topics_max, &spec.topics); !s.ok()) return s;
  spec.last_event_id = request.last_event_id();
  if (spec.last_event_id.size() > kLastEventIdBytesMax || HasControlCharacter(spec.last_event_id)) {
    return Refuse("last_event_id: is longer than 256 bytes or holds control characters");
  }
  if (!request.start().empty()) {
    absl::StatusOr<StreamStart> start = ParseStreamStart(request.start());
    if (!start.ok()) return Refuse(absl::StrCat("start: ", start.status().message()));
    spec.start = *start;
  }
  if (absl::Status s = CheckAttributes(request); !s.ok()) return s;
  requested.attributes = Attributes(request.attributes().begin(), request.attributes().end());
  return requested;
}

absl::Status ApplyDecision(const Decision& decision, const Attributes& own,
                           SubscriptionSpec* spec) {
  Attributes none;
  if (absl::Status s = FillSubject(decision.subject, spec->topics, none); !s.ok()) return s;
  spec->filter = ImposedFilter(own, decision);
  spec->view = MaskedView(nullptr, decision.masks);
  return absl::OkStatus();
}

}  // namespace sluice
