// Whatever an external authorization server answers is a decision or an error, and what it
// allows is no more than it says.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "bridge/access/answer_parts.h"
#include "bridge/access/ext_authz_answer.h"
#include "bridge/base/utf8.h"
#include "envoy/service/auth/v3/external_auth.pb.h"
#include "tests/fuzz/require.h"

namespace {

void CheckAllowed(const envoy::service::auth::v3::CheckResponse& answer,
                  const sluice::Decision& decision, absl::Time now) {
  SLUICE_REQUIRE(answer.status().code() == 0);
  SLUICE_REQUIRE(!answer.has_denied_response());
  SLUICE_REQUIRE(answer.has_status() || answer.has_ok_response());
  SLUICE_REQUIRE(sluice::IsSubject(decision.subject));
  SLUICE_REQUIRE(decision.expires_at > now);
  SLUICE_REQUIRE(decision.denied_topics.empty());
  const auto ours = answer.dynamic_metadata().fields().find("sluice");
  if (ours == answer.dynamic_metadata().fields().end()) return;
  const auto& fields = ours->second.struct_value().fields();
  SLUICE_REQUIRE(fields.contains("event_types") == !decision.event_types.empty());
  SLUICE_REQUIRE(fields.contains("expires_at") == (decision.expires_at != absl::InfiniteFuture()));
  if (decision.masks != nullptr) decision.masks->Apply("any", R"({"a":{"b":[1,{"c":2}]}})");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  // A line for every text that is not UTF-8 would take all the time there is.
  [[maybe_unused]] static const auto silent = google::protobuf::SetLogHandler(nullptr);
  envoy::service::auth::v3::CheckResponse answer;
  if (!answer.ParseFromArray(bytes, static_cast<int>(size))) return 0;
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  const sluice::Decision decision = sluice::DecisionFromCheck(answer, "x-subject", now);
  SLUICE_REQUIRE(decision.reason.size() <= 1024);
  SLUICE_REQUIRE(!sluice::HasControlCharacter(decision.reason));
  if (decision.allowed()) CheckAllowed(answer, decision, now);
  return 0;
}
