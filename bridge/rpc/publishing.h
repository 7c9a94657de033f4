// What one caller publishes: read, put to the authorizer when that is configured, made
// events of, appended. One request at a time, which keeps their order. A request with a
// type that is unknown waits until that was looked for, and is then taken again.
//
// Nothing is done with what a request holds before its topics are allowed. What is
// appended is checked once more, event by event, against what was allowed.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/access/authorizer.h"
#include "bridge/event/event_filter.h"
#include "bridge/event_log/event_log.h"
#include "bridge/rpc/bytes.h"
#include "bridge/rpc/rpc_server.h"
#include "bridge/schema/ingest.h"
#include "sluice/v1/event.pb.h"

namespace sluice {

class Publishing : public std::enable_shared_from_this<Publishing> {
 public:
  using Done = std::function<void(absl::StatusOr<std::vector<AppendResult>>)>;

  // All arguments outlive the call to `done` of the last Publish.
  Publishing(const RpcContext& rpc, bool authorize, const grpc::ServerContextBase& caller);

  // Nothing was allowed over the caller's connection yet, or it is gone. Any thread.
  bool OfStranger() const;

  // `Request` has `repeated Event events`. `done` comes once, on any thread,
  // possibly before this returns; the next call comes after it.
  template <typename Request>
  void Publish(grpc::ByteBuffer bytes, Done done) {
    Request request;
    if (!ParseBytes(&bytes, &request)) {
      return Refuse(absl::InvalidArgumentError(
                        "the bytes are no request of this method, or one nested too deep"),
                    {}, done);
    }
    Authorize(std::make_shared<const Published>(std::move(*request.mutable_events())),
              std::move(done));
  }

 private:
  using Published = google::protobuf::RepeatedPtrField<v1::Event>;

  // What the authorizer allowed on a topic, and until when; and until when that counts
  // while it cannot answer.
  struct Grant {
    std::string subject;
    EventFilter filter;
    absl::Time expires_at;
    absl::Time grace_ends_at;
    uint64_t asked_at;  // of the revocations
  };

  void Take(std::shared_ptr<const Published> published, std::vector<std::string> looked_for,
            Done done);
  std::optional<std::string> TypeToPassOn(const Published& published,
                                          const std::vector<std::string>& looked_for) const;
  void Authorize(std::shared_ptr<const Published> published, Done done);
  void Decide(Decision decision, uint64_t asked_at,
              const std::shared_ptr<const Published>& published,
              const std::vector<std::string>& topics, Done done);
  void ForgetRevoked();
  // Whether it counts now.
  bool Holds(const Grant& grant, absl::Time now) const;
  // Whether the topics may still be published to although no answer came; until that is
  // asked for again.
  bool BeginGrace(const std::vector<std::string>& topics);
  std::vector<std::string> TopicsToAsk(const Published& published) const;
  // The principal; PERMISSION_DENIED, UNAUTHENTICATED, UNAVAILABLE.
  absl::StatusOr<std::string> CheckGranted(const std::vector<Event>& events) const;
  void Append(std::string principal, std::vector<Event> events, Done done);
  void Refuse(const absl::Status& why, const std::vector<std::string>& topics, const Done& done);

  const RpcContext& rpc_;
  const bool authorize_;
  const grpc::ServerContextBase& caller_;
  const std::string peer_;
  std::map<std::string, std::shared_ptr<const Grant>> grants_;  // by topic
  uint64_t revocations_seen_ = 0;
  // The authorizer could not answer: until when it is not asked again about what is in its
  // grace time, and how often that has happened.
  absl::Time grace_until_ = absl::InfinitePast();
  uint8_t failures_ = 0;
};

}  // namespace sluice
