#include "bridge/server/authorizers.h"

#include <set>

#include "bridge/access/all_of_authorizer.h"
#include "bridge/access/any_of_authorizer.h"
#include "bridge/access/caching_authorizer.h"
#include "bridge/access/none_authorizer.h"
#include "bridge/access/refusing_authorizer.h"

namespace sluice {
namespace {

class Maker {
 public:
  Maker(const AuthorizersOptions& options, const Clock& clock, const Revocations& revocations)
      : options_(options), clock_(clock), revocations_(revocations) {}

  std::unique_ptr<Authorizers> MakeAll() {
    for (const auto& [name, authorizer] : options_.by_name) Find(name);
    return std::move(made_);
  }

  std::unique_ptr<Authorizer> operator()(const RefusingAuthorizerOptions&) {
    return std::make_unique<RefusingAuthorizer>();
  }
  std::unique_ptr<Authorizer> operator()(const NoneAuthorizerOptions&) {
    return std::make_unique<NoneAuthorizer>();
  }
  std::unique_ptr<Authorizer> operator()(const GrpcAuthorizerOptions& options) {
    return Cached(MakeGrpcAuthorizer(options));
  }
  std::unique_ptr<Authorizer> operator()(const ExtAuthzAuthorizerOptions& options) {
    return Cached(MakeExtAuthzAuthorizer(options));
  }
  std::unique_ptr<Authorizer> operator()(const CertificateAuthorizerOptions& options) {
    return MakeCertificateAuthorizer(options.rules);
  }
  std::unique_ptr<Authorizer> operator()(const JwtAuthorizerOptions& options) {
    return MakeJwtAuthorizer(options, clock_);
  }
  std::unique_ptr<Authorizer> operator()(const AuthorizerListOptions& list) {
    std::vector<Authorizer*> members;
    for (const std::string& name : list.names) members.push_back(&Find(name));
    if (list.kind == AuthorizerListOptions::Kind::kAnyOf) {
      return std::make_unique<AnyOfAuthorizer>(std::move(members));
    }
    return std::make_unique<AllOfAuthorizer>(std::move(members));
  }

 private:
  std::unique_ptr<Authorizer> Cached(std::unique_ptr<Authorizer> asked) {
    return std::make_unique<CachingAuthorizer>(std::move(asked), options_.cache, clock_,
                                               revocations_);
  }

  // Each is made once, after those that it asks.
  Authorizer& Find(const std::string& name) {
    if (!names_.contains(name)) {
      std::unique_ptr<Authorizer> authorizer = std::visit(*this, options_.by_name.at(name));
      names_.insert(name);
      made_->Add(name, std::move(authorizer));
    }
    return made_->Find(name);
  }

  const AuthorizersOptions& options_;
  const Clock& clock_;
  const Revocations& revocations_;
  std::set<std::string> names_;
  std::unique_ptr<Authorizers> made_ = std::make_unique<Authorizers>();
};

}  // namespace

std::unique_ptr<Authorizers> MakeAuthorizers(const AuthorizersOptions& options, const Clock& clock,
                                             const Revocations& revocations) {
  return Maker(options, clock, revocations).MakeAll();
}

}  // namespace sluice
