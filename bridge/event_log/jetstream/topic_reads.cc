#include "bridge/event_log/jetstream/topic_reads.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/topic_subject.h"

namespace sluice {
namespace {

using std::chrono::steady_clock;

// One attempt; and how long a read is tried at all.
constexpr absl::Duration kPatience = absl::Seconds(2);
constexpr std::chrono::seconds kWithin{6};
constexpr std::chrono::milliseconds kPauseMin{25};
constexpr uint32_t kDoublings = 4;

absl::Status Unreadable(absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("the event log could not be read: ", why));
}

std::string NextOf(uint64_t sequence, const std::string& subject) {
  return absl::StrCat("{\"seq\":", sequence, ",\"next_by_subj\":", JsonQuote(subject), "}");
}

}  // namespace

TopicReads::TopicReads(const JetStreamEventLogOptions& options, NatsRequests& requests,
                       TopicIndexes& indexes, KnownStream& known,
                       std::function<void(absl::Status)> told)
    : options_(options),
      kept_prefix_(KeptPrefix(options)),
      requests_(requests),
      indexes_(indexes),
      known_(known),
      told_(std::move(told)) {}

void TopicReads::Add(ReadRequest request, EventLog::ReadDone done) {
  if (!stopped_.ok()) return done(stopped_);
  if (waiting_.size() >= options_.waiting_reads) return done(Unreadable("too many reads wait"));
  const auto read = std::make_shared<Read>();
  read->subject = SubjectOfTopic(kept_prefix_, request.topic);
  read->asked = std::move(request);
  read->done = std::move(done);
  waiting_.push_back(read);
  BeginWaiting();
}

void TopicReads::BeginWaiting() {
  while (reading_.size() < options_.reads && !waiting_.empty()) {
    const ReadPtr read = std::move(waiting_.front());
    waiting_.pop_front();
    reading_.insert(read);
    read->until = steady_clock::now() + kWithin;
    Begin(read);
  }
}

// (Again, when the stream turned out to be another meanwhile.)
void TopicReads::Begin(const ReadPtr& read) {
  if (known_.offsets().epoch() == 0) {
    return AskLeader(read, &TopicReads::Begin, [this, read](const StreamInfo&) { Begin(read); });
  }
  read->offsets = known_.offsets();
  read->result = {};
  read->result.epoch = read->offsets.epoch();
  read->from_start = false;
  read->first = read->found = 0;
  read->bytes = 0;
  read->at_end = read->end_is_confirmed = false;
  const ReadStart& start = read->asked.start;
  if (const auto* after = std::get_if<AfterOffset>(&start)) return ReadAfter(read, after->offset);
  if (std::holds_alternative<Latest>(start) || std::holds_alternative<AfterId>(start)) {
    return AskForEnd(read);
  }
  if (const auto* last = std::get_if<LastN>(&start); last != nullptr) return AskForLast(read);
  if (std::holds_alternative<AfterPublisherId>(start)) return Locate(read);
  read->from_start = true;
  ReadAfter(read, 0);
}

void TopicReads::AskForEnd(const ReadPtr& read) {
  AskLeader(read, &TopicReads::AskForEnd,
            [this, read](const StreamInfo& info) { EndIs(read, info); });
}

void TopicReads::EndIs(const ReadPtr& read, const StreamInfo& info) {
  const Offset end = read->offsets.Last(info.last_sequence);
  const auto* wanted = std::get_if<AfterId>(&read->asked.start);
  if (wanted != nullptr && wanted->id.epoch != read->offsets.epoch()) {
    read->result.found = false;
    read->from_start = true;
    return ReadAfter(read, 0);
  }
  if (wanted != nullptr && wanted->id.offset <= end) return ReadAfter(read, wanted->id.offset);
  read->result.found = wanted == nullptr;
  read->result.after = read->result.complete_through = end;
  Finish(read, absl::OkStatus());
}

// Where the last message holds as many events as are wanted, no list is needed.
void TopicReads::AskForLast(const ReadPtr& read) {
  const uint32_t wanted = std::get<LastN>(read->asked.start).events;
  Ask(read, &TopicReads::AskForLast, "MSG.GET",
      absl::StrCat("{\"last_by_subj\":", JsonQuote(read->subject), "}"),
      [this, read, wanted](const NatsMessage& answer) {
        const absl::StatusOr<StoredBytes> message = ParseMessage(answer.data());
        if (absl::IsNotFound(message.status())) {
          read->from_start = true;
          return ReadAfter(read, 0);
        }
        if (!message.ok()) return Failed(read, &TopicReads::AskForLast, message.status());
        const absl::StatusOr<std::vector<Event>> events =
            DecodeMessage(read->asked.topic, message->body);
        if (!events.ok() || events->size() < wanted) return Locate(read);
        ReadAfter(read, read->offsets.Last(message->sequence) - wanted);
      });
}

void TopicReads::Locate(const ReadPtr& read) {
  indexes_.List(read->subject, [this, read](const absl::StatusOr<TopicIndexes::Entries>& entries) {
    if (!entries.ok()) return Failed(read, &TopicReads::Locate, entries.status());
    Located(read, *entries);
  });
}

void TopicReads::Located(const ReadPtr& read, const TopicIndexes::Entries& entries) {
  const auto behind = [&](size_t i) { return read->offsets.Last(entries[i].sequence); };
  if (const auto* last = std::get_if<LastN>(&read->asked.start)) {
    size_t wanted = last->events;
    for (size_t i = entries.size(); i-- > 0;) {
      if (wanted == 0) return ReadAfter(read, behind(i));
      if (entries[i].events > wanted) return ReadAfter(read, behind(i) - wanted);
      wanted -= entries[i].events;
    }
  } else if (const auto* wanted = std::get_if<AfterPublisherId>(&read->asked.start)) {
    const std::string digest = PublisherIdDigest(wanted->id);
    for (size_t i = entries.size(); i-- > 0;) {
      if (entries[i].publisher_id == digest) return ReadAfter(read, behind(i));
    }
    read->result.found = false;
  }
  read->from_start = true;
  ReadAfter(read, 0);
}

void TopicReads::ReadAfter(const ReadPtr& read, Offset after) {
  read->after = after;
  read->next = read->offsets.SequencesThrough(after) + 1;
  Next(read);
}

void TopicReads::Next(const ReadPtr& read) {
  read->known = known_.last_sequence();
  Ask(read, &TopicReads::Next, "MSG.GET", NextOf(read->next, read->subject),
      [this, read](const NatsMessage& answer) {
        const absl::StatusOr<StoredBytes> message = ParseMessage(answer.data());
        if (absl::IsNotFound(message.status())) return ConfirmEnd(read);
        if (!message.ok()) return Failed(read, &TopicReads::Next, message.status());
        if (message->sequence < read->next) {
          return Failed(read, &TopicReads::Next, absl::UnavailableError("NATS went back"));
        }
        read->end_is_confirmed = false;
        if (!Take(*read, *message)) return AskWhatIsKept(read);
        Next(read);
      });
}

bool TopicReads::Take(Read& read, const StoredBytes& message) const {
  if (read.first == 0) read.first = message.sequence;
  ++read.found;
  read.next = message.sequence + 1;
  absl::StatusOr<std::vector<Event>> events = DecodeMessage(read.asked.topic, message.body);
  if (!events.ok()) return true;  // the tail has counted it
  for (StoredEventPtr& event : PlaceEvents(*std::move(events), read.offsets, message.sequence)) {
    if (event->offset() <= read.after) continue;
    std::vector<StoredEventPtr>& taken = read.result.events;
    if (taken.size() >= read.asked.events_max) return false;
    read.bytes += event->bytes();
    if (read.bytes > read.asked.bytes_max && !taken.empty()) return false;
    taken.push_back(std::move(event));
  }
  return true;
}

// That there is no more is believed when the leader reaches as far as is known. Of a stream
// with several servers one that is leader no more may have answered: it is asked once more.
void TopicReads::ConfirmEnd(const ReadPtr& read) {
  if (read->end_is_confirmed) {
    read->at_end = true;
    return Judge(read);
  }
  AskLeader(read, &TopicReads::Next, [this, read](const StreamInfo& info) {
    Keeps(*read, info);
    read->end_is_confirmed = true;
    if (info.replicas > 1) return Next(read);
    read->at_end = true;
    Judge(read);
  });
}

// Asked after the events were read: what was let go of meanwhile is then known as dropped, and
// that they are of the incarnation that they were taken for.
void TopicReads::AskWhatIsKept(const ReadPtr& read) {
  AskLeader(read, &TopicReads::AskWhatIsKept, [this, read](const StreamInfo& info) {
    Keeps(*read, info);
    Judge(read);
  });
}

// (A stream may have been changed to keep less than is configured.)
void TopicReads::Keeps(Read& read, const StreamInfo& info) const {
  read.kept_from = info.first_sequence;
  read.most = options_.events_per_topic;
  const uint64_t most = info.settings.messages_per_subject_max;
  if (most > 0) read.most = std::min(read.most, most);
}

// What the topic has let go of behind the offset that the read begins at: nothing says so, but
// of a topic the oldest ones go first.
void TopicReads::Judge(const ReadPtr& read) {
  const uint64_t covered = read->offsets.SequencesThrough(read->after);
  // Of all topics: what is before the first message that the stream keeps is gone, and may
  // have been of this one.
  const uint64_t until =
      read->first == 0 ? read->kept_from : std::min(read->first, read->kept_from);
  if (until > covered + 1) return Dropped(read, until - 1);
  if (read->first == 0 || (read->first == covered + 1 && read->found == 1)) {
    return Dropped(read, 0);
  }
  AskForFirst(read);
}

void TopicReads::AskForFirst(const ReadPtr& read) {
  Ask(read, &TopicReads::AskForFirst, "MSG.GET", NextOf(1, read->subject),
      [this, read](const NatsMessage& answer) {
        const absl::StatusOr<StoredBytes> message = ParseMessage(answer.data());
        if (absl::IsNotFound(message.status())) return FirstIs(read, read->next);
        if (!message.ok()) return Failed(read, &TopicReads::AskForFirst, message.status());
        FirstIs(read, message->sequence);
      });
}

void TopicReads::FirstIs(const ReadPtr& read, uint64_t sequence) {
  const uint64_t covered = read->offsets.SequencesThrough(read->after);
  // It keeps older ones: there is nothing that it has let go of since.
  if (sequence < read->first) return Dropped(read, 0);
  if (sequence > read->first) {
    // It let go of some while they were read, and between those that were found before there
    // may have been others.
    const Offset gone = read->offsets.Last(sequence - 1);
    std::erase_if(read->result.events,
                  [gone](const StoredEventPtr& event) { return event->offset() <= gone; });
    return Dropped(read, sequence - 1);
  }
  if (read->first == covered + 1) return Dropped(read, 0);
  // It has let go of some only when it holds as many as it may. All of them were read, so they
  // are counted. (To count them, the server walks the subjects of the whole stream.)
  if (read->at_end && read->found < read->most) return Dropped(read, 0);
  CountMessages(read);
}

void TopicReads::CountMessages(const ReadPtr& read) {
  Ask(read, &TopicReads::CountMessages, "INFO",
      absl::StrCat("{\"subjects_filter\":", JsonQuote(read->subject), "}"),
      [this, read](const NatsMessage& answer) {
        const absl::StatusOr<StreamInfo> info = ParseStreamInfo(answer.data(), options_);
        if (!info.ok()) return Failed(read, &TopicReads::CountMessages, info.status());
        const uint64_t most = info->settings.messages_per_subject_max;
        const bool full = most > 0 && info->subject_messages >= most;
        Dropped(read, full ? read->first - 1 : 0);
      });
}

void TopicReads::Dropped(const ReadPtr& read, uint64_t through_sequence) {
  ReadResult& result = read->result;
  if (through_sequence > 0) result.dropped_through = read->offsets.Last(through_sequence);
  // An offset of an earlier incarnation: all that was there is gone.
  if (!read->from_start && read->after > 0 && read->after < read->offsets.base()) {
    result.dropped_through = std::max(result.dropped_through, read->offsets.base());
  }
  result.after = std::max(read->after, result.dropped_through);
  const Offset last = result.events.empty() ? result.after : result.events.back()->offset();
  result.complete_through = read->at_end ? std::max(read->offsets.Last(read->known), last) : last;
  Finish(read, absl::OkStatus());
}

// Tried again, while there is time; from the beginning, when the stream is another.
void TopicReads::Failed(const ReadPtr& read, Step step, const absl::Status& why) {
  if (read->done == nullptr) return;
  if (!stopped_.ok()) return Finish(read, stopped_);
  const auto now = steady_clock::now();
  if (now >= read->until || absl::IsFailedPrecondition(why)) return Finish(read, why);
  const auto pause = kPauseMin * (1 << std::min(read->attempts++, kDoublings));
  again_.push_back({now + pause, read, step});
}

void TopicReads::Tick() {
  const auto now = steady_clock::now();
  std::vector<Again> due;
  std::erase_if(again_, [&](Again& again) {
    if (again.at > now) return false;
    due.push_back(std::move(again));
    return true;
  });
  for (const Again& again : due) {
    if (again.read->done != nullptr) (this->*again.step)(again.read);
  }
}

void TopicReads::Ask(const ReadPtr& read, Step step, const char* what, const std::string& body,
                     std::function<void(const NatsMessage&)> done) {
  requests_.Send(
      absl::StrCat("$JS.API.STREAM.", what, ".", options_.stream), {}, body, kPatience,
      [this, read, step, done = std::move(done)](const absl::StatusOr<NatsMessage>& answer) {
        if (read->done == nullptr) return;
        if (!answer.ok()) return Failed(read, step, answer.status());
        done(*answer);
      });
}

void TopicReads::AskLeader(const ReadPtr& read, Step step,
                           std::function<void(const StreamInfo&)> done) {
  known_.Ask([this, read, step, done = std::move(done)](const absl::StatusOr<StreamInfo>& info) {
    if (read->done == nullptr) return;
    if (!info.ok()) return Failed(read, step, info.status());
    if (read->offsets.epoch() != 0 && known_.offsets().epoch() != read->offsets.epoch()) {
      return Begin(read);
    }
    done(*info);
  });
}

void TopicReads::Finish(const ReadPtr& read, const absl::Status& status) {
  if (read->done == nullptr) return;
  reading_.erase(read);
  const EventLog::ReadDone done = std::exchange(read->done, nullptr);
  told_(status);
  if (status.ok()) {
    done(std::move(read->result));
  } else {
    done(absl::IsUnavailable(status) ? status : Unreadable(status.message()));
  }
  BeginWaiting();
}

void TopicReads::Stop(const absl::Status& why) {
  stopped_ = why;
  std::vector<ReadPtr> all(reading_.begin(), reading_.end());
  all.insert(all.end(), waiting_.begin(), waiting_.end());
  reading_.clear();
  waiting_.clear();
  again_.clear();
  for (const ReadPtr& read : all) {
    if (const EventLog::ReadDone done = std::exchange(read->done, nullptr)) done(why);
  }
}

}  // namespace sluice
