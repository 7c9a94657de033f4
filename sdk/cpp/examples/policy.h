// Who may do what, read from a YAML file:
//
//   tokens:
//     s3cret-of-ada:                # the credential, as the bridge passes it on
//       subject: ada
//       subscribe: ["conversation/*", "user/{subject}"]
//       publish: ["conversation/*"]
//       stats: true                 # may read /v1/stats and Admin.GetStats
//       admin: false                # may use the rest of Admin
//       attributes: {tenant: acme}  # subscriptions get only events with these …
//       event_types: [token, done]  # … and only of these types
//       field_masks:                # … with these fields of their payloads alone
//         note: [id, author.name]
//       expires_in: 1h              # streams are closed then; absent: never
//
// A real authorizer would verify a signed token or look up a session instead;
// what it then decides, and how, looks just like this.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace example {

struct Caller {
  std::string subject;
  std::vector<std::string> subscribe;  // patterns, see topic_pattern.h
  std::vector<std::string> publish;
  bool stats = false;
  bool admin = false;
  std::map<std::string, std::string> attributes;
  std::vector<std::string> event_types;
  std::map<std::string, std::vector<std::string>> field_masks;  // by event type
  absl::Duration expires_in = absl::InfiniteDuration();
};

class Policy {
 public:
  // An error says which key of which token is wrong.
  static absl::StatusOr<Policy> Load(const std::string& file);

  // Null: nobody has this token.
  const Caller* Find(const std::string& token) const;
  size_t size() const { return callers_.size(); }

 private:
  std::map<std::string, Caller> callers_;  // by token
};

}  // namespace example
