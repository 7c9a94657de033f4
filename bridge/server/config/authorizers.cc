#include "bridge/server/config/authorizers.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/server/config/authorizer_kinds.h"
#include "bridge/server/config/durations.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

constexpr size_t kNameBytesMax = 64;

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-';
         });
}

class AuthorizersBuilder {
 public:
  AuthorizersBuilder(const config::v1::Config& config, const std::string& folder,
                     Findings* findings)
      : config_(config), folder_(folder), findings_(findings) {}

  AuthorizersOptions Build();

 private:
  // Every authorizer by itself.
  void SetKinds();
  void CheckLists();
  void CheckList(const config::v1::Authorizer& authorizer, const std::string& path);
  // Of the names in a list, what can be said without going further.
  void CheckNames(const Names& names, const std::string& path);
  void CheckCircles(const std::string& name, std::vector<std::string>* way);
  // Who is asked where a list of names says so.
  std::string Asked(const Names& names, const std::string& path);
  void SetAsked();
  void SetCache();

  const config::v1::Config& config_;
  const std::string& folder_;
  Findings* findings_;
  AuthorizersOptions options_;
  std::set<std::string> in_no_circle_;
};

AuthorizersOptions AuthorizersBuilder::Build() {
  SetKinds();
  CheckLists();
  SetAsked();
  SetCache();
  return std::move(options_);
}

void AuthorizersBuilder::SetKinds() {
  if (config_.has_authorizer()) {
    options_.by_name[""] = BuildAuthorizer(config_.authorizer(), "authorizer", folder_, findings_);
  }
  for (const auto& [name, authorizer] : config_.authorizers()) {
    const std::string path = "authorizers." + name;
    if (!IsName(name)) {
      findings_->Error(path, absl::StrCat("an authorizer's name is 1 to ", kNameBytesMax,
                                          " letters, digits, '_' and '-'"));
    } else if (authorizer.kind_case() == config::v1::Authorizer::KIND_NOT_SET) {
      findings_->Error(path, "has no kind: say what it is, for example `grpc:`");
    } else {
      options_.by_name[name] = BuildAuthorizer(authorizer, path, folder_, findings_);
    }
  }
}

void AuthorizersBuilder::CheckLists() {
  CheckList(config_.authorizer(), "authorizer");
  for (const auto& [name, authorizer] : config_.authorizers()) {
    CheckList(authorizer, "authorizers." + name);
  }
  for (const auto& [name, authorizer] : config_.authorizers()) {
    std::vector<std::string> way;
    CheckCircles(name, &way);
  }
}

void AuthorizersBuilder::CheckList(const config::v1::Authorizer& authorizer,
                                   const std::string& path) {
  const bool all = authorizer.has_all_of();
  if (!all && !authorizer.has_any_of()) return;
  const Names& names = all ? authorizer.all_of().names() : authorizer.any_of().names();
  const std::string names_path = path + (all ? ".all_of.names" : ".any_of.names");
  if (names.empty()) findings_->Error(names_path, "is required");
  CheckNames(names, names_path);
  for (int i = 0; i < names.size(); ++i) {
    const auto member = config_.authorizers().find(names[i]);
    if (member == config_.authorizers().end() || !member->second.has_none()) continue;
    findings_->Error(absl::StrCat(names_path, "[", i, "]"),
                     all ? "is a `none`, which adds nothing: leave it out"
                         : "is a `none`, which allows everything: then nobody else counts");
  }
}

void AuthorizersBuilder::CheckNames(const Names& names, const std::string& path) {
  std::vector<std::string> known;
  for (const auto& [name, authorizer] : config_.authorizers()) known.push_back(name);
  std::sort(known.begin(), known.end());
  for (int i = 0; i < names.size(); ++i) {
    const std::string name_path = absl::StrCat(path, "[", i, "]");
    if (!config_.authorizers().contains(names[i])) {
      findings_->Error(name_path, absl::StrCat("there is no \"", names[i], "\" in `authorizers`",
                                               DidYouMean(names[i], known)));
    } else if (std::find(names.begin(), names.begin() + i, names[i]) != names.begin() + i) {
      findings_->Error(name_path, absl::StrCat("\"", names[i], "\" is there already"));
    }
  }
}

// `way`: who leads here.
void AuthorizersBuilder::CheckCircles(const std::string& name, std::vector<std::string>* way) {
  if (in_no_circle_.contains(name)) return;
  if (const auto seen = std::find(way->begin(), way->end(), name); seen != way->end()) {
    findings_->Error("authorizers." + name,
                     absl::StrCat("asks itself in the end: ",
                                  absl::StrJoin(seen, way->end(), " -> "), " -> ", name));
    in_no_circle_.insert(seen, way->end());  // said once
    return;
  }
  const auto found = options_.by_name.find(name);
  const auto* list = found == options_.by_name.end()
                         ? nullptr
                         : std::get_if<AuthorizerListOptions>(&found->second);
  if (list == nullptr) return;
  way->push_back(name);
  for (const std::string& member : list->names) CheckCircles(member, way);
  way->pop_back();
  in_no_circle_.insert(name);
}

std::string AuthorizersBuilder::Asked(const Names& names, const std::string& path) {
  CheckNames(names, path);
  for (int i = 0; i < names.size() && names.size() > 1; ++i) {
    const auto member = config_.authorizers().find(names[i]);
    if (member == config_.authorizers().end() || !member->second.has_none()) continue;
    findings_->Error(absl::StrCat(path, "[", i, "]"),
                     "is a `none`, which adds nothing: leave it out");
  }
  std::string name = AuthorizerName(names);
  if (names.size() > 1) {
    options_.by_name[name] =
        AuthorizerListOptions{.kind = AuthorizerListOptions::Kind::kAllOf,
                              .names = std::vector<std::string>(names.begin(), names.end())};
  }
  return name;
}

void AuthorizersBuilder::SetAsked() {
  for (int i = 0; i < config_.routes_size(); ++i) {
    const config::v1::Route& route = config_.routes(i);
    const std::string path = absl::StrCat("routes[", i, "].authorizers");
    Asked(route.authorizers(), path);
    if (route.public_() && !route.authorizers().empty()) {
      findings_->Error(path, "a `public` route asks nobody: leave out the one or the other");
    }
  }
  const config::v1::Grpc& grpc = config_.grpc();
  options_.subscribing = Asked(grpc.authorizers(), "grpc.authorizers");
  options_.publishing = Asked(config_.publishing().authorizers(), "publishing.authorizers");
  const std::string administration = Asked(grpc.admin_authorizers(), "grpc.admin_authorizers");
  options_.administration =
      grpc.admin_authorizers().empty() ? options_.subscribing : administration;
  const std::string reflection =
      Asked(grpc.reflection_authorizers(), "grpc.reflection_authorizers");
  if (!grpc.reflection_authorizers().empty()) options_.reflection = reflection;
}

// (0s is a time, too: what is not remembered is still asked once by those who wait.)
void AuthorizersBuilder::SetCache() {
  const config::v1::DecisionCache& cache = config_.access().cache();
  if (cache.has_entries()) options_.cache.entries = cache.entries();
  if (cache.has_allowed()) options_.cache.allowed = ToAbsl(cache.allowed());
  if (cache.has_denied()) options_.cache.denied = ToAbsl(cache.denied());
}

}  // namespace

std::string AuthorizerName(const Names& names) { return absl::StrJoin(names, "+"); }

AuthorizersOptions BuildAuthorizers(const config::v1::Config& config, const std::string& folder,
                                    bool dev, Findings* findings) {
  AuthorizersOptions options = AuthorizersBuilder(config, folder, findings).Build();
  if (!dev) return options;
  for (auto& [name, authorizer] : options.by_name) authorizer = NoneAuthorizerOptions();
  options.reflection.reset();
  return options;
}

}  // namespace sluice
