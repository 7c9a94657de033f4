// gRPC server reflection, v1 and v1alpha: the same messages under two names. It
// describes the bridge's services and every type of the schema. (gRPC 1.51's own
// knows v1alpha and compiled types only.)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/rpc/open_calls.h"
#include "bridge/rpc/rpc_server.h"
#include "bridge/rpc/unread_answers.h"
#include "bridge/schema/schema_registry.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"

namespace sluice {

// What both versions answer from. Thread-safe.
struct ReflectionSource {
  std::shared_ptr<const SchemaRegistry> schema;
  std::vector<std::string> services;  // that list_services names
};

// What the calls of both versions share. Thread-safe.
struct ReflectionCalls {
  explicit ReflectionCalls(const RpcContext& context);

  const RpcContext& rpc;
  OpenCalls open;
  UnreadAnswers unread;
};

class ReflectionV1Service final : public grpc::reflection::v1::ServerReflection::CallbackService {
 public:
  ReflectionV1Service(const ReflectionSource& source, ReflectionCalls& calls)
      : source_(source), calls_(calls) {}
  grpc::ServerBidiReactor<grpc::reflection::v1::ServerReflectionRequest,
                          grpc::reflection::v1::ServerReflectionResponse>*
  ServerReflectionInfo(grpc::CallbackServerContext* context) override;

 private:
  const ReflectionSource& source_;
  ReflectionCalls& calls_;
};

class ReflectionV1AlphaService final
    : public grpc::reflection::v1alpha::ServerReflection::CallbackService {
 public:
  ReflectionV1AlphaService(const ReflectionSource& source, ReflectionCalls& calls)
      : source_(source), calls_(calls) {}
  grpc::ServerBidiReactor<grpc::reflection::v1alpha::ServerReflectionRequest,
                          grpc::reflection::v1alpha::ServerReflectionResponse>*
  ServerReflectionInfo(grpc::CallbackServerContext* context) override;

 private:
  const ReflectionSource& source_;
  ReflectionCalls& calls_;
};

}  // namespace sluice
