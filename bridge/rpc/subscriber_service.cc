#include "bridge/rpc/subscriber_service.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "bridge/rpc/subscribe_call.h"

namespace sluice {

grpc::ServerWriteReactor<v1::SubscribeResponse>* SubscriberService::Subscribe(
    grpc::CallbackServerContext* context, const v1::SubscribeRequest* request) {
  const uint32_t open = open_.fetch_add(1) + 1;
  const auto call = std::make_shared<SubscribeCall>(rpc_, draining_, *context, [this] { --open_; });
  call->Start(open <= options_.subscribers_max
                  ? absl::OkStatus()
                  : absl::ResourceExhaustedError(absl::StrCat(
                        "more than ", options_.subscribers_max, " Subscribe calls are open")),
              *request, options_.topics_per_subscriber_max);
  return call.get();
}

}  // namespace sluice
