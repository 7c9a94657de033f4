// The request message of a call, as a configuration writes it.
#pragma once

#include <string>
#include <vector>

#include "bridge/server/config/findings.h"

namespace google::protobuf {
class Descriptor;
class Value;
}  // namespace google::protobuf

namespace sluice {

// JSON text. It is an object, and where its type is known (`type` is not null), it
// has no field that the type has not.
std::string BuildRequestMessage(const google::protobuf::Value& request,
                                const google::protobuf::Descriptor* type, const std::string& path,
                                Findings* findings);

// What the templates in its strings may name, besides {query.NAME} and {body.NAME}.
struct TemplateNames {
  std::vector<std::string> captures;
  bool subject = true;
};
void CheckRequestTemplates(const google::protobuf::Value& request, const TemplateNames& names,
                           const std::string& path, Findings* findings);

}  // namespace sluice
