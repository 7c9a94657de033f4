#include "bridge/event_log/jetstream/consumers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/event_log/jetstream/stream_info.h"

namespace sluice {
namespace {

using std::chrono::steady_clock;

constexpr absl::Duration kPatience = absl::Seconds(3);
constexpr std::chrono::milliseconds kPause{500};
constexpr size_t kConsumersMax = 256;

}  // namespace

void DoomedConsumers::Add(std::string consumer) {
  consumers_.push_back(std::move(consumer));
  // (A server forgets them when the connection ends.)
  if (consumers_.size() > kConsumersMax) consumers_.pop_front();
  Ask();
}

void DoomedConsumers::Tick() {
  if (!consumers_.empty() && !asking_ && steady_clock::now() >= ask_at_) Ask();
}

void DoomedConsumers::Ask() {
  if (asking_) return;
  asking_ = true;
  const std::string consumer = consumers_.front();
  requests_.Send(absl::StrCat("$JS.API.CONSUMER.DELETE.", stream_, ".", consumer), {}, "",
                 kPatience, [this, consumer](const absl::StatusOr<NatsMessage>& answer) {
                   asking_ = false;
                   absl::Status gone = answer.status();
                   if (gone.ok()) gone = ParseError(answer->data());
                   if (gone.ok() || absl::IsNotFound(gone)) {
                     std::erase(consumers_, consumer);
                     ask_at_ = steady_clock::now();
                   } else {
                     ask_at_ = steady_clock::now() + kPause;
                   }
                 });
}

}  // namespace sluice
