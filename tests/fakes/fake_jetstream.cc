#include "tests/fakes/fake_jetstream.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace sluice {
namespace {

using nlohmann::json;

constexpr char kApi[] = "$JS.API.";
const char* const kNoMessage =
    R"({"error":{"code":404,"err_code":10037,"description":"no message found"}})";

}  // namespace

FakeJetStream::FakeJetStream(std::string stream, size_t max_payload)
    : stream_(std::move(stream)), created_(absl::Now()), nats_(max_payload) {
  nats_.Follow([this](const FakeNats::Message& message) { return Answer(message); });
}

void FakeJetStream::Do(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

void FakeJetStream::MakeAnew(uint64_t last) {
  const std::lock_guard lock(mutex_);
  created_ = absl::Now();
  ForgetDescription();
  stored_.clear();
  ids_.clear();
  first_ = last + 1;
  deliver_to_.clear();
}

void FakeJetStream::RefuseReads() {
  const std::lock_guard lock(mutex_);
  refuses_reads_ = true;
}

void FakeJetStream::GoBack(absl::Duration by) {
  const std::lock_guard lock(mutex_);
  created_ -= by;
  ForgetDescription();
}

void FakeJetStream::SayCreatedLater(absl::Duration by) {
  const std::lock_guard lock(mutex_);
  created_ += by;
}

void FakeJetStream::StopConsumer() {
  const std::lock_guard lock(mutex_);
  deliver_to_.clear();
}

void FakeJetStream::StoreUnseen(FakeNats::Message message) {
  const std::lock_guard lock(mutex_);
  stored_.push_back(std::move(message));
  ids_[stored_.back().header("Nats-Msg-Id")] = first_ + stored_.size() - 1;
}

void FakeJetStream::StoreAnothers(const FakeNats::Message& message) {
  const std::lock_guard lock(mutex_);
  Store(message);
}

void FakeJetStream::Erase(uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  stored_[sequence - first_].subject.clear();
}

std::vector<FakeNats::Message> FakeJetStream::stored() {
  const std::lock_guard lock(mutex_);
  return stored_;
}
size_t FakeJetStream::asked() {
  const std::lock_guard lock(mutex_);
  return asked_;
}
size_t FakeJetStream::consumers_made() {
  const std::lock_guard lock(mutex_);
  return consumers_made_;
}
size_t FakeJetStream::questions() {
  const std::lock_guard lock(mutex_);
  return questions_;
}
// (Under mutex_.)
void FakeJetStream::ForgetDescription() {
  json configuration = json::parse(configuration_);
  configuration.erase("description");
  configuration_ = configuration.dump();
}

absl::Time FakeJetStream::created() {
  const std::lock_guard lock(mutex_);
  return created_;
}

std::optional<std::string> FakeJetStream::Answer(const FakeNats::Message& message) {
  if (absl::StartsWith(message.subject, kApi)) return AnswerApi(message);
  if (message.header("Nats-Msg-Id").empty()) return std::nullopt;
  return Take(message);
}

std::string FakeJetStream::Info() const {
  const uint64_t last = first_ + stored_.size() - 1;
  return json(
             {{"config", json::parse(configuration_)},
              {"created", absl::FormatTime(absl::RFC3339_full, created_, absl::UTCTimeZone())},
              {"state", {{"messages", stored_.size()}, {"first_seq", first_}, {"last_seq", last}}}})
      .dump();
}

std::optional<std::string> FakeJetStream::AnswerApi(const FakeNats::Message& message) {
  const std::string what = message.subject.substr(sizeof kApi - 1);
  const std::lock_guard lock(mutex_);
  if (absl::StartsWith(what, "STREAM.MSG.GET.")) {
    if (refuses_reads_) {
      return R"({"error":{"code":400,"err_code":10003,"description":"bad request"}})";
    }
    const json asked = json::parse(message.body);
    uint64_t sequence = asked.value("seq", uint64_t{0});
    while (asked.contains("next_by_subj") && sequence >= first_ &&
           sequence < first_ + stored_.size() && stored_[sequence - first_].subject.empty()) {
      ++sequence;
    }
    if (sequence < first_ || sequence >= first_ + stored_.size()) return kNoMessage;
    const FakeNats::Message& stored = stored_[sequence - first_];
    return json({{"message",
                  {{"subject", stored.subject},
                   {"seq", sequence},
                   {"hdrs", absl::Base64Escape(stored.headers)},
                   {"data", absl::Base64Escape(stored.body)}}}})
        .dump();
  }
  if (absl::StartsWith(what, "STREAM.CREATE.") || absl::StartsWith(what, "STREAM.UPDATE.")) {
    configuration_ = message.body;
  }
  if (absl::StartsWith(what, "STREAM.INFO.") && configuration_ == "{}") {
    return R"({"error":{"code":404,"err_code":10059,"description":"stream not found"}})";
  }
  if (absl::StartsWith(what, "STREAM.INFO.")) ++questions_;
  if (absl::StartsWith(what, "STREAM.")) return Info();
  if (absl::StartsWith(what, "CONSUMER.CREATE.")) {
    ++consumers_made_;
    consumer_ = what.substr(what.rfind('.') + 1);
    deliver_to_ = json::parse(message.body)["config"].value("deliver_subject", "");
    delivered_ = 0;
    const uint64_t start = json::parse(message.body)["config"].value("opt_start_seq", uint64_t{1});
    for (uint64_t i = std::max(start, first_); i < first_ + stored_.size(); ++i) Tell(i);
    return R"({"num_pending":0})";
  }
  return "{}";
}

std::optional<std::string> FakeJetStream::Take(const FakeNats::Message& message) {
  Script script;
  {
    const std::lock_guard lock(mutex_);
    ++asked_;
    script = script_;
  }
  // (Unlocked: it may make the stream anew.)
  const Deed deed = script ? script(message) : Deed{};
  if (!deed.error.empty()) return deed.error;
  if (deed.what == What::kDrop) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto known = ids_.find(message.header("Nats-Msg-Id"));
  const bool duplicate = known != ids_.end();
  const uint64_t sequence = duplicate ? known->second : Store(message);
  if (deed.what == What::kStoreSilently) return std::nullopt;
  json answer = {{"stream", stream_}, {"seq", sequence}};
  if (duplicate) answer["duplicate"] = true;
  return answer.dump();
}

uint64_t FakeJetStream::Store(const FakeNats::Message& message) {
  stored_.push_back(message);
  const uint64_t sequence = first_ + stored_.size() - 1;
  ids_[message.header("Nats-Msg-Id")] = sequence;
  Tell(sequence);
  return sequence;
}

void FakeJetStream::Tell(uint64_t sequence) {
  const FakeNats::Message& message = stored_[sequence - first_];
  if (deliver_to_.empty() || message.subject.empty()) return;
  const std::string from = absl::StrCat("$JS.ACK.", stream_, ".", consumer_, ".1.", sequence, ".",
                                        ++delivered_, ".", absl::ToUnixNanos(absl::Now()), ".0");
  // (A client takes a message by its subscription: the subject may be another.)
  nats_.Deliver(deliver_to_, {message.subject, from, message.headers, message.body});
}

}  // namespace sluice
