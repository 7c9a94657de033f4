#include "bridge/access/wants.h"

#include <algorithm>

namespace sluice {

Wants Either(const Wants& one, const Wants& other) {
  Wants either = one;
  std::vector<std::string>& headers = either.headers;
  headers.insert(headers.end(), other.headers.begin(), other.headers.end());
  std::sort(headers.begin(), headers.end());
  headers.erase(std::unique(headers.begin(), headers.end()), headers.end());
  either.peer_address |= other.peer_address;
  either.certificate_names |= other.certificate_names;
  either.request |= other.request;
  return either;
}

AuthorizationRequest ToldTo(const Wants& wants, const AuthorizationRequest& request) {
  AuthorizationRequest told;
  told.action = request.action;
  told.topics = request.topics;
  told.credential = request.credential;
  told.fills_subject = request.fills_subject;
  told.answered_after = request.answered_after;
  for (const std::string& name : wants.headers) {
    if (const auto header = request.headers.find(name); header != request.headers.end()) {
      told.headers.insert(*header);
    }
  }
  if (wants.peer_address) told.peer_address = request.peer_address;
  if (wants.certificate_names) {
    told.certificate_names = request.certificate_names;
    told.certificate_expires_at = request.certificate_expires_at;
  }
  if (wants.request) told.request = request.request;
  return told;
}

}  // namespace sluice
