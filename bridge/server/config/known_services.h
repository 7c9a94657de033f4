// The backends, methods and types that a configuration may name: what is known
// before any backend was asked.
#pragma once

#include <string>
#include <vector>

#include "bridge/relay/relay.h"
#include "bridge/schema/schema.h"
#include "bridge/server/config/findings.h"

namespace sluice {

class KnownServices {
 public:
  // Null: the schema could not be read; nothing is said about what is unknown then.
  KnownServices(const std::vector<BackendOptions>& backends, SchemaPtr schema);

  void CheckBackend(const std::string& name, const std::string& path, Findings* findings) const;

  // The method, when it is known already. Unknown is a fault only where no backend
  // can tell of it later.
  const google::protobuf::MethodDescriptor* CheckMethod(const std::string& name,
                                                        const std::string& path,
                                                        Findings* findings) const;

  // The same for a message type, by its full name.
  void CheckType(const std::string& full_name, const std::string& path, Findings* findings) const;
  // A full name or "acme.chat.v1.*".
  void CheckTypes(const std::string& pattern, const std::string& path, Findings* findings) const;

 private:
  std::string StreamingMethodsOf(const std::string& service) const;

  std::vector<std::string> backends_;
  bool reflection_ = false;
  const SchemaPtr schema_;
};

}  // namespace sluice
