// The authorizers that there are, by their names.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/access/authorizer.h"

namespace sluice {

// Built whole, then only read, by any thread.
class Authorizers {
 public:
  Authorizers();
  ~Authorizers();

  // Those that it asks were added before it, and are destroyed after it.
  Authorizer& Add(std::string name, std::unique_ptr<Authorizer> authorizer);

  // The default one has the empty name. Of a name that nobody has: one that refuses
  // everything.
  Authorizer& Find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::unique_ptr<Authorizer>>> in_order_;
  const std::unique_ptr<Authorizer> refusing_;
};

}  // namespace sluice
