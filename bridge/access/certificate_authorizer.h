// Goes by the names in the client's verified TLS certificate, without asking anybody.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/access/authorizer.h"
#include "bridge/event/topic_pattern.h"

namespace sluice {

struct CertificateRule {
  // The one that fits is the subject. '*': one character or more, but no '.', '/', ':', '@'.
  std::vector<std::string> names;
  std::vector<TopicPattern> publish;
  std::vector<TopicPattern> subscribe;
  bool stats = false;
  bool admin = false;  // and reflection
};

// The first rule of which a name fits decides.
std::unique_ptr<Authorizer> MakeCertificateAuthorizer(std::vector<CertificateRule> rules);

bool CertificateNameFits(std::string_view pattern, std::string_view name);

}  // namespace sluice
