// One Subscribe call: a cursor on a shard, one write in flight.
//
// Everything but gRPC's own calls happens on one shard's thread, and so do all
// writes and the end: what gRPC tells is posted there. A caller that reads slowly
// holds one message; the rest stays in the log.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/access/authorizer.h"
#include "bridge/access/stream_access.h"
#include "bridge/hub/event_search.h"
#include "bridge/hub/shard.h"
#include "bridge/hub/subscriber.h"
#include "bridge/hub/subscription.h"
#include "bridge/rpc/rpc_server.h"
#include "bridge/rpc/subscribe_request.h"
#include "sluice/v1/subscriber.pb.h"

namespace sluice {

class SubscribeCall final : public grpc::ServerWriteReactor<v1::SubscribeResponse>,
                            public Subscriber,
                            public std::enable_shared_from_this<SubscribeCall> {
 public:
  // `draining` outlives the call. `on_done`: the call is over.
  SubscribeCall(const RpcContext& rpc, const std::atomic<bool>& draining,
                grpc::CallbackServerContext& context, std::function<void()> on_done);

  // Once it is held by a shared_ptr; it then holds itself until the call is over.
  // `admission` not OK: that is the answer.
  void Start(const absl::Status& admission, const v1::SubscribeRequest& request,
             uint32_t topics_max);

  // gRPC's threads.
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // The shard's.
  void OnReady() override { Pump(); }
  void OnHeartbeat(const FramePtr&) override {}
  void OnTick(absl::Time now) override;
  void OnDrain(Reason reason, uint32_t retry_ms) override;
  void OnCut(Reason reason) override;
  bool OnDisconnect(DisconnectedBy by) override;
  void OnDoubt(absl::Time now, absl::Duration within) override;
  SubscriberDescription Describe() const override;
  bool MayBe(std::string_view subject, std::string_view id) const override {
    return (subject.empty() || subject == subject_) && (id.empty() || id == id_);
  }

 private:
  void OnShard(std::function<void()> step);
  void Ask();
  void Decide(const Decision& decision);
  void AskAgain();
  void Expire();
  void Take(const Decision& decision);
  bool Revoked() const;
  void Reopen(const absl::StatusOr<EventsAfter>& more);
  void Open();
  void Pump();
  void Rest();
  void Refuse(const absl::Status& why, Reason reason);
  void Leave(Reason reason, const grpc::Status& status);
  void End(const grpc::Status& status);

  const RpcContext& rpc_;
  const std::atomic<bool>& draining_;
  grpc::CallbackServerContext& context_;
  const std::function<void()> on_done_;
  Shard& shard_;
  const std::string id_;
  const std::string peer_address_;
  const absl::Time opened_at_;
  std::shared_ptr<SubscribeCall> self_;

  // The shard's thread's.
  RequestedSubscription requested_;
  std::string subject_;
  Standing::Question question_;
  uint64_t asked_at_ = 0;  // of the revocations
  std::unique_ptr<StreamAccess> access_;
  std::optional<Subscription> subscription_;
  v1::SubscribeResponse response_;  // gRPC's while writing_
  bool metadata_sent_ = false;
  bool writing_ = false;
  bool ended_ = false;
  std::optional<grpc::Status> leaving_;  // after the write that is under way
  int ticks_since_leaving_ = 0;
  uint64_t events_ = 0;
};

}  // namespace sluice
