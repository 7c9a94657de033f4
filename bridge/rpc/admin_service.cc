#include "bridge/rpc/admin_service.h"

#include <utility>

#include "bridge/access/authorizer.h"
#include "bridge/fleet/fleet.h"
#include "bridge/fleet/merging.h"
#include "bridge/fleet/node.h"
#include "bridge/rpc/admin_question.h"

namespace sluice {
namespace {

Scope ScopeOf(bool local) { return local ? Scope::kHere : Scope::kFleet; }

}  // namespace

grpc::ServerUnaryReactor* AdminService::GetStats(grpc::CallbackServerContext* context,
                                                 const v1::GetStatsRequest* request,
                                                 v1::GetStatsResponse* response) {
  return WhenAllowed(rpc_, context, Action::kReadStats,
                     [this, request, response](grpc::ServerUnaryReactor* reactor) {
                       fleet::v1::Question question;
                       *question.mutable_stats() = *request;
                       rpc_.fleet->Ask(std::move(question), ScopeOf(request->local()),
                                       [response, reactor](const FleetAnswer& answer) {
                                         *response = MergeStats(answer);
                                         reactor->Finish(grpc::Status::OK);
                                       });
                     });
}

grpc::ServerUnaryReactor* AdminService::ListTopics(grpc::CallbackServerContext* context,
                                                   const v1::ListTopicsRequest* request,
                                                   v1::ListTopicsResponse* response) {
  return WhenAllowed(rpc_, context, Action::kAdminister,
                     [this, request, response](grpc::ServerUnaryReactor* reactor) {
                       fleet::v1::Question question;
                       *question.mutable_topics() = *request;
                       rpc_.fleet->Ask(std::move(question), ScopeOf(request->local()),
                                       [request, response, reactor](const FleetAnswer& answer) {
                                         *response =
                                             MergeTopics(answer, ListedMax(request->limit()));
                                         reactor->Finish(grpc::Status::OK);
                                       });
                     });
}

grpc::ServerUnaryReactor* AdminService::ListSubscribers(grpc::CallbackServerContext* context,
                                                        const v1::ListSubscribersRequest* request,
                                                        v1::ListSubscribersResponse* response) {
  return WhenAllowed(rpc_, context, Action::kAdminister,
                     [this, request, response](grpc::ServerUnaryReactor* reactor) {
                       fleet::v1::Question question;
                       *question.mutable_subscribers() = *request;
                       rpc_.fleet->Ask(std::move(question), ScopeOf(request->local()),
                                       [request, response, reactor](const FleetAnswer& answer) {
                                         *response =
                                             MergeSubscribers(answer, ListedMax(request->limit()));
                                         reactor->Finish(grpc::Status::OK);
                                       });
                     });
}

}  // namespace sluice
