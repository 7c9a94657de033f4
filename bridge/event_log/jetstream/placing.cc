#include "bridge/event_log/jetstream/placing.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

using std::chrono::steady_clock;

// How long the tail may take.
constexpr std::chrono::milliseconds kTailPatience{25};
constexpr std::chrono::milliseconds kBetweenQuestions{100};
constexpr std::chrono::seconds kBetweenDoubts{1};

}  // namespace

void Placing::Add(Message message) {
  const bool ask = message.in_doubt || !tail_answers_;
  waiting_.push_back({std::move(message), ++last_number_, steady_clock::now()});
  if (ask) Ask();
}

void Placing::Settle() {
  if (waiting_.empty()) return;
  const StreamOffsets& stream = known_.offsets();
  const uint64_t tail = stream.SequencesThrough(followers_.head());
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    const Message& message = waiting.message;
    if (message.in_doubt || message.sequence > tail || message.stream.epoch() != stream.epoch()) {
      return false;
    }
    tail_answers_ = true;
    Place(message);
    return true;
  });
}

void Placing::Doubt() {
  const auto now = steady_clock::now();
  if (now < doubt_at_) return;
  doubt_at_ = now + kBetweenDoubts;
  Ask();
}

void Placing::Ask() {
  if (asking_) return;
  asking_ = true;
  known_.Ask([this, through = last_number_](const absl::StatusOr<StreamInfo>& info) {
    asking_ = false;
    ask_at_ = steady_clock::now() + kBetweenQuestions;
    Told(info, through);
  });
}

void Placing::Told(const absl::StatusOr<StreamInfo>& info, uint64_t through) {
  if (!info.ok()) return;
  const Epoch epoch = known_.offsets().epoch();
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    if (waiting.number > through) return false;
    if (waiting.message.stream.epoch() == epoch) {
      Place(waiting.message);
    } else {
      Fail(waiting.message,
           absl::UnavailableError("the stream was deleted and made anew meanwhile"));
    }
    return true;
  });
  if (!waiting_.empty() && !tail_answers_) Ask();
}

void Placing::Place(const Message& message) {
  const StreamOffsets& stream = message.stream;
  if (stream.epoch() == known_.offsets().epoch()) known_.Saw(message.sequence);
  Offset offset = stream.Last(message.sequence) - message.units.size();
  for (const AppendUnit& unit : message.units) {
    const EventId id{stream.epoch(), ++offset, unit.event().end_of_stream};
    unit.request->Arrived(unit.index, {id, false, message.duplicate});
  }
  for (const AppendUnit& unit : message.joined) {
    const EventId id{stream.epoch(), offset, unit.event().end_of_stream};
    unit.request->Arrived(unit.index, {id, false, true});
  }
}

void Placing::Fail(const Message& message, const absl::Status& why) {
  for (const AppendUnit& unit : message.units) unit.request->Lost(why);
  for (const AppendUnit& unit : message.joined) unit.request->Lost(why);
}

void Placing::Tick() {
  const auto now = steady_clock::now();
  // (It is stored, and nobody waits to be told where.)
  std::erase_if(waiting_, [](const Waiting& waiting) {
    const auto is_gone = [](const AppendUnit& unit) { return unit.request->answered(); };
    return std::all_of(waiting.message.units.begin(), waiting.message.units.end(), is_gone) &&
           std::all_of(waiting.message.joined.begin(), waiting.message.joined.end(), is_gone);
  });
  if (waiting_.empty() || asking_ || now < ask_at_) return;
  if (now - waiting_.front().since < kTailPatience) return;
  tail_answers_ = false;
  Ask();
}

void Placing::FailAll(const absl::Status& why) {
  for (const Waiting& waiting : std::exchange(waiting_, {})) Fail(waiting.message, why);
}

}  // namespace sluice
