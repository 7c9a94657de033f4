// Asks a backend's own server reflection for its message types: version v1, or
// v1alpha where that is not implemented (the messages are the same under two names).
#pragma once

#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sluice {

// Of one fetch. What a backend answers is not believed to be small.
struct ReflectionLimits {
  size_t bytes_max = 64 << 20;
  size_t files_max = 4096;
  size_t services_max = 1024;
};

// One fetch at a time. Not for gRPC's own threads: a fetch blocks, until `deadline`
// at most. UNIMPLEMENTED: the backend has no reflection. RESOURCE_EXHAUSTED names the
// limit. Other faults are the call's.
class ReflectionClient {
 public:
  explicit ReflectionClient(std::shared_ptr<grpc::Channel> channel, ReflectionLimits limits = {});

  using Files = absl::StatusOr<google::protobuf::FileDescriptorSet>;
  // The files of all services but reflection's and health's, with what they import, as
  // far as the backend has them.
  Files FetchServices(absl::Time deadline);
  // Those of the symbols that the backend knows.
  Files FetchSymbols(const std::vector<std::string>& symbols, absl::Time deadline);

  // Ends the fetch under way, and refuses others, with CANCELLED. Any thread.
  void Cancel();

 private:
  class Conversation;
  template <typename Fetch>
  Files InEitherVersion(absl::Time deadline, const Fetch& fetch);

  const std::shared_ptr<grpc::Channel> channel_;
  const ReflectionLimits limits_;
  Mutex mutex_;
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
