// The files of several descriptor sets in one pool, each after what it imports.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bridge/schema/schema.h"

namespace sluice {

class PoolBuilder {
 public:
  // `pool` lies over the pool of what is compiled into the bridge, whose files are not
  // taken from anybody.
  explicit PoolBuilder(google::protobuf::DescriptorPool* pool) : pool_(pool) {}

  // In the order of who wins: of the files of one name, the first that can be built is
  // taken. The origin outlives the builder.
  void Offer(const Schema::Origin& origin);
  // INVALID_ARGUMENT names origin, file and fault of a file that may not be left out.
  absl::Status Build();

  struct Added {
    const google::protobuf::FileDescriptor* file;
    const Schema::Origin* origin;
  };
  // In the order they were built.
  const std::vector<Added>& added() const { return added_; }
  // Why each file that is not there is not, by the origin that offered it first.
  const std::map<std::string, std::vector<std::string>>& left_out() const { return left_out_; }

 private:
  struct Offered {
    const Schema::Origin* origin;
    const google::protobuf::FileDescriptorProto* file;
  };

  absl::Status Add(const std::string& name);
  absl::Status AddFrom(const Offered& offered);

  google::protobuf::DescriptorPool* const pool_;
  std::vector<const Schema::Origin*> origins_;
  std::map<std::string, std::vector<Offered>> offered_;
  std::set<std::string> under_way_;
  std::map<std::string, absl::Status> failed_;
  std::vector<Added> added_;
  std::map<std::string, std::vector<std::string>> left_out_;
};

}  // namespace sluice
