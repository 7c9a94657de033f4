#include "bridge/schema/transcoder/message_printer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/schema/transcoder/message_plan.h"
#include "bridge/schema/transcoder/message_walk.h"
#include "bridge/schema/transcoder/plan_parts.h"

namespace sluice {
namespace {

// Nothing that is called during a walk prints another message.
WalkMemory& MemoryOfThread() {
  thread_local WalkMemory memory;
  memory.Clear();
  return memory;
}

absl::Status CheckLength(const JsonOptions& options, std::string_view bytes) {
  if (bytes.size() <= options.bytes_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("is longer than ", options.bytes_max, " bytes (limits.payload_bytes)"));
}

}  // namespace

absl::StatusOr<std::string> PrintMessage(const MessagePlan& plan, std::string_view bytes) {
  const JsonOptions& options = plan.plans->options();
  if (absl::Status status = CheckLength(options, bytes); !status.ok()) return status;
  WalkMemory& memory = MemoryOfThread();
  MessageWalk walk(options, &memory);
  if (!walk.Print(plan, bytes)) return walk.status();
  return std::string(memory.out.text());
}

absl::StatusOr<MemberJson> PrintOneof(const MessagePlan& plan, std::string_view oneof,
                                      std::string_view bytes) {
  const JsonOptions& options = plan.plans->options();
  if (absl::Status status = CheckLength(options, bytes); !status.ok()) return status;
  WalkMemory& memory = MemoryOfThread();
  MessageWalk walk(options, &memory);
  const auto index = std::find(plan.oneofs.begin(), plan.oneofs.end(), oneof) - plan.oneofs.begin();
  uint32_t number = 0;
  if (!walk.PrintMemberOf(plan, static_cast<uint32_t>(index), bytes, &number)) {
    return walk.status();
  }
  return MemberJson{static_cast<int>(number), std::string(memory.out.text())};
}

}  // namespace sluice
