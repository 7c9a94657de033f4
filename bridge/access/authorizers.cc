#include "bridge/access/authorizers.h"

#include <algorithm>

#include "bridge/access/refusing_authorizer.h"

namespace sluice {

Authorizers::Authorizers() : refusing_(std::make_unique<RefusingAuthorizer>()) {}

Authorizers::~Authorizers() {
  while (!in_order_.empty()) in_order_.pop_back();
}

Authorizer& Authorizers::Add(std::string name, std::unique_ptr<Authorizer> authorizer) {
  return *in_order_.emplace_back(std::move(name), std::move(authorizer)).second;
}

// (There are a few, and they are looked for once for a request.)
Authorizer& Authorizers::Find(std::string_view name) const {
  const auto found = std::find_if(in_order_.begin(), in_order_.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == in_order_.end() ? *refusing_ : *found->second;
}

}  // namespace sluice
