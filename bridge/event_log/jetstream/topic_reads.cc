#include "bridge/event_log/jetstream/topic_reads.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"
#include "bridge/event_log/jetstream/seen_ids.h"
#include "bridge/event_log/jetstream/stream_info.h"
#include "bridge/event_log/jetstream/topic_subject.h"
#include "bridge/event_log/resolve_start.h"

namespace sluice {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(3);

absl::Status Unreadable(absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("the event log could not be read: ", why));
}

}  // namespace

TopicReads::TopicReads(const JetStreamEventLogOptions& options, NatsRequests& requests,
                       TopicIndexes& indexes, const Followers& followers,
                       std::function<void()> doubt)
    : options_(options),
      kept_prefix_(KeptPrefix(options)),
      requests_(requests),
      indexes_(indexes),
      followers_(followers),
      doubt_(std::move(doubt)) {}

void TopicReads::Add(ReadRequest request, EventLog::ReadDone done) {
  if (waiting_.size() >= options_.waiting_reads) return done(Unreadable("too many reads wait"));
  const auto read = std::make_shared<Read>();
  read->asked = std::move(request);
  read->done = std::move(done);
  waiting_.push_back(read);
  Begin();
}

void TopicReads::Begin() {
  while (reading_ < options_.reads && !waiting_.empty()) {
    const ReadPtr read = std::move(waiting_.front());
    waiting_.pop_front();
    ++reading_;
    read->subject = SubjectOfTopic(kept_prefix_, read->asked.topic);
    read->offsets = followers_.offsets();
    // An id means nothing yet: to say "another epoch" would tell of a gap that is none.
    if (read->offsets.epoch() == 0) {
      Finish(read, Unreadable("NATS was not reached yet"));
      continue;
    }
    read->result.epoch = read->offsets.epoch();
    read->asked.start = ResolveStart(std::move(read->asked.start), read->result.epoch,
                                     followers_.head(), &read->result.found);
    if (const auto* after = std::get_if<AfterOffset>(&read->asked.start)) {
      ReadAfter(read, after->offset);
    } else if (std::holds_alternative<Earliest>(read->asked.start)) {
      read->from_start = true;
      ReadAfter(read, 0);
    } else {
      Locate(read);
    }
  }
}

void TopicReads::Locate(const ReadPtr& read) {
  indexes_.List(read->subject,
                [this, read](absl::StatusOr<std::vector<TopicIndexes::Entry>> entries) {
                  if (!entries.ok()) return Finish(read, entries.status());
                  Located(read, *entries);
                });
}

void TopicReads::Located(const ReadPtr& read, const std::vector<TopicIndexes::Entry>& entries) {
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

void TopicReads::Ask(const char* what, const std::string& body,
                     std::function<void(absl::StatusOr<NatsMessage>)> done) {
  requests_.Send(absl::StrCat("$JS.API.STREAM.", what, ".", options_.stream), {}, body, kPatience,
                 std::move(done));
}

void TopicReads::Next(const ReadPtr& read) {
  // Whatever was delivered by now was acknowledged, so the leader has it.
  read->head = followers_.head();
  Ask("MSG.GET",
      absl::StrCat("{\"seq\":", read->next, ",\"next_by_subj\":", JsonQuote(read->subject), "}"),
      [this, read](absl::StatusOr<NatsMessage> answer) {
        if (!answer.ok()) return Finish(read, answer.status());
        const absl::StatusOr<StoredBytes> message = ParseMessage(answer->data());
        if (absl::IsNotFound(message.status())) {
          read->at_end = true;
          return AskWhatWasDropped(read);
        }
        if (!message.ok()) return Finish(read, message.status());
        if (message->sequence < read->next) return Finish(read, Unreadable("NATS went back"));
        if (!Take(*read, *message)) return AskWhatWasDropped(read);
        Next(read);
      });
}

bool TopicReads::Take(Read& read, const StoredBytes& message) const {
  read.next = message.sequence + 1;
  absl::StatusOr<std::vector<Event>> events = DecodeMessage(read.asked.topic, message.body);
  if (read.first == 0) read.first = message.sequence;
  ++read.found;
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

// Asked after the events were read: what was let go of meanwhile is then known as dropped.
void TopicReads::AskWhatWasDropped(const ReadPtr& read) {
  Ask("INFO", "", [this, read](absl::StatusOr<NatsMessage> answer) {
    if (!answer.ok()) return Finish(read, answer.status());
    const absl::StatusOr<StreamInfo> info = ParseStreamInfo(answer->data(), options_);
    if (!info.ok()) return Finish(read, info.status());
    if (StreamOffsets(info->created).epoch() != read->offsets.epoch()) {
      doubt_();
      return Finish(read, Unreadable("the stream was made anew"));
    }
    const uint64_t covered = read->offsets.SequencesThrough(read->after);
    // Of all topics: what is before the first message that the stream keeps is gone, and may
    // have been of this one.
    if (info->first_sequence > covered + 1) {
      const uint64_t until =
          read->first == 0 ? info->first_sequence : std::min(read->first, info->first_sequence);
      if (until > covered + 1) return Dropped(read, until - 1);
    }
    // Of this topic: it has let go of some only when it holds as many as it may.
    if (read->first > covered + 1) return AskForFirst(read);
    Dropped(read, 0);
  });
}

void TopicReads::AskForFirst(const ReadPtr& read) {
  Ask("MSG.GET", absl::StrCat("{\"seq\":1,\"next_by_subj\":", JsonQuote(read->subject), "}"),
      [this, read](absl::StatusOr<NatsMessage> answer) {
        if (!answer.ok()) return Finish(read, answer.status());
        const absl::StatusOr<StoredBytes> message = ParseMessage(answer->data());
        // It keeps older ones, which go first: there is nothing that it has let go of since.
        if (message.ok() && message->sequence < read->first) return Dropped(read, 0);
        // All of it was read, so it is counted. (To count them, the server walks the subjects
        // of the whole stream.)
        if (read->at_end && read->found < options_.events_per_topic) return Dropped(read, 0);
        CountMessages(read);
      });
}

void TopicReads::CountMessages(const ReadPtr& read) {
  Ask("INFO", absl::StrCat("{\"subjects_filter\":", JsonQuote(read->subject), "}"),
      [this, read](absl::StatusOr<NatsMessage> answer) {
        if (!answer.ok()) return Finish(read, answer.status());
        const absl::StatusOr<StreamInfo> info = ParseStreamInfo(answer->data(), options_);
        if (!info.ok()) return Finish(read, info.status());
        const bool full = info->subject_messages >= options_.events_per_topic;
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
  result.complete_through = read->at_end ? std::max(read->head, last) : last;
  Finish(read, absl::OkStatus());
}

void TopicReads::Finish(const ReadPtr& read, const absl::Status& status) {
  if (read->done == nullptr) return;
  --reading_;
  const EventLog::ReadDone done = std::exchange(read->done, nullptr);
  if (status.ok()) {
    done(std::move(read->result));
  } else {
    done(absl::IsUnavailable(status) ? status : Unreadable(status.message()));
  }
  if (!waiting_.empty()) Begin();
}

void TopicReads::FailAll(const absl::Status& why) {
  for (const ReadPtr& read : std::exchange(waiting_, {})) read->done(why);
}

}  // namespace sluice
