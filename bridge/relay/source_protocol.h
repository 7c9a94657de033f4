// What a source asks of its backend, and what it makes of the answers.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/relay/relay.h"
#include "bridge/relay/stored_call.h"

namespace sluice {

// Thread-safe.
class SourceProtocol {
 public:
  virtual ~SourceProtocol() = default;

  // `resume`: the last that Take found; empty: nothing yet. NOT_FOUND: the method is
  // not known (yet).
  virtual absl::StatusOr<CallRequest> Request(const std::string& resume) const = 0;

  struct Taken : StoredCall::Taken {
    std::string resume;  // empty: as before
  };
  // With `look_up`, an unknown type is an error; without, such events are skipped.
  virtual absl::StatusOr<Taken> Take(const std::string& bytes, bool look_up) const = 0;
};

// For EventSource or any other method; all arguments outlive it.
std::unique_ptr<SourceProtocol> MakeSourceProtocol(const SourceOptions& options,
                                                   const RelayContext& context);

}  // namespace sluice
