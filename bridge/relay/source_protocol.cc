#include "bridge/relay/source_protocol.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/event/event_fields.h"
#include "bridge/relay/metadata.h"
#include "bridge/relay/resume_field.h"
#include "bridge/relay/stored_response.h"
#include "bridge/schema/deep_message.h"
#include "bridge/schema/ingest.h"
#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"
#include "sluice/v1/event_source.pb.h"

namespace sluice {
namespace {

using google::protobuf::FieldDescriptor;

// What a backend may have the bridge remember, and say again.
constexpr size_t kResumeBytesMax = 4096;

// What the configuration says of the call.
absl::StatusOr<CallRequest> PlainRequest(const SourceOptions& options, const Schema& schema) {
  absl::StatusOr<CallRequest> request =
      BuildSourceRequest(options.backend, options.method, options.request, schema);
  if (!request.ok()) return request;
  request->deadline = options.deadline;
  for (const auto& [key, text] : options.metadata) {
    absl::StatusOr<std::string> value = MetadataValue(key, text);
    if (!value.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata.", key, ": ", value.status().message()));
    }
    request->metadata.emplace_back(key, *std::move(value));
  }
  return request;
}

bool IsPublisherId(const std::string& id) {
  return !id.empty() && !IsOwnId(id) && ValidatePublisherId(id).ok();
}

// sluice.v1.EventSource/Watch: the backend's events are published as if it had called
// Publish.
class WatchProtocol final : public SourceProtocol {
 public:
  WatchProtocol(const SourceOptions& options, const RelayContext& context)
      : options_(options), context_(context) {}

  absl::StatusOr<CallRequest> Request(const std::string& resume) const override {
    absl::StatusOr<CallRequest> request = PlainRequest(options_, *context_.schema->current());
    if (!request.ok()) return request;
    v1::WatchRequest watch;
    if (!watch.ParseFromString(request->message)) {
      return absl::InvalidArgumentError("the request is no sluice.v1.WatchRequest");
    }
    if (!options_.topic.empty()) {
      watch.clear_topics();
      watch.add_topics(options_.topic);
    }
    if (!resume.empty()) watch.set_resume_token(resume);
    request->message = watch.SerializeAsString();
    return request;
  }

  absl::StatusOr<Taken> Take(const std::string& bytes, bool look_up) const override {
    Taken taken;
    v1::WatchResponse response;
    if (!ParseDeepMessage(bytes, &response)) {
      taken.Skip(absl::InvalidArgumentError("the bytes are no sluice.v1.WatchResponse"));
      return taken;
    }
    if (response.events().empty()) return taken;
    // (What is skipped here would be so again.)
    for (const v1::Event& event : response.events()) {
      if (IsPublisherId(event.id())) taken.resume = event.id();
    }
    DropOtherTopics(&response, &taken);
    if (response.events().empty()) return taken;
    absl::StatusOr<std::vector<Event>> events = context_.ingest->Take(response.events());
    if (!events.ok()) return TakeEach(response, look_up, std::move(taken));
    taken.events = *std::move(events);
    return taken;
  }

 private:
  void DropOtherTopics(v1::WatchResponse* response, Taken* taken) const {
    if (options_.topic.empty()) return;
    auto* events = response->mutable_events();
    const auto other = std::remove_if(events->begin(), events->end(), [&](const v1::Event& event) {
      return event.topic() != options_.topic;
    });
    for (auto event = other; event != events->end(); ++event) {
      taken->Skip(absl::InvalidArgumentError(
          absl::StrCat("an event is not of the topic ", options_.topic)));
    }
    events->erase(other, events->end());
  }

  // So that only those are skipped that are bad.
  absl::StatusOr<Taken> TakeEach(const v1::WatchResponse& response, bool look_up,
                                 Taken taken) const {
    for (const v1::Event& event : response.events()) {
      google::protobuf::RepeatedPtrField<v1::Event> one;
      *one.Add() = event;
      absl::StatusOr<std::vector<Event>> events = context_.ingest->Take(one);
      if (events.ok()) {
        taken.events.push_back(std::move(events->front()));
      } else if (look_up && UnknownTypeOf(events.status())) {
        return events.status();
      } else {
        taken.Skip(events.status());
      }
    }
    return taken;
  }

  const SourceOptions& options_;
  const RelayContext context_;
};

// Any other method: every response is an event of the source's topic.
class MethodProtocol final : public SourceProtocol {
 public:
  MethodProtocol(const SourceOptions& options, const RelayContext& context)
      : options_(options), context_(context) {}

  absl::StatusOr<CallRequest> Request(const std::string& resume) const override {
    const SchemaPtr schema = context_.schema->current();
    absl::StatusOr<CallRequest> request = PlainRequest(options_, *schema);
    if (!request.ok() || !options_.resume) return request;
    const auto* method = schema->FindMethod(options_.method);
    if (StringField(method->output_type(), options_.resume->response_field) == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("resume.response_field: a response has no ",
                                                     "string field ",
                                                     options_.resume->response_field));
    }
    const FieldDescriptor* field =
        StringField(method->input_type(), options_.resume->request_field);
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("resume.request_field: the request has no string field ",
                       options_.resume->request_field));
    }
    if (resume.empty()) return request;
    AddStringField(field->number(), resume, &request->message);
    return request;
  }

  absl::StatusOr<Taken> Take(const std::string& bytes, bool look_up) const override {
    absl::StatusOr<StoredCall::Taken> events =
        TakeResponse(context_, options_.method, options_.topic, bytes, look_up);
    if (!events.ok()) return events.status();
    Taken taken{*std::move(events), Resume(bytes)};
    // An overlap after a reconnect is then not stored twice.
    if (taken.events.size() == 1 && IsPublisherId(taken.resume)) {
      taken.events.front().publisher_id = taken.resume;
    }
    return taken;
  }

 private:
  static const FieldDescriptor* StringField(const google::protobuf::Descriptor* message,
                                            const std::string& name) {
    const FieldDescriptor* field = message->FindFieldByName(name);
    const bool is_string =
        field != nullptr && !field->is_repeated() && field->type() == FieldDescriptor::TYPE_STRING;
    return is_string ? field : nullptr;
  }

  std::string Resume(const std::string& bytes) const {
    if (!options_.resume) return "";
    const SchemaPtr schema = context_.schema->current();
    const auto* method = schema->FindMethod(options_.method);
    const FieldDescriptor* field =
        method == nullptr ? nullptr
                          : StringField(method->output_type(), options_.resume->response_field);
    if (field == nullptr) return "";
    std::string found = FindStringField(bytes, field->number()).value_or("");
    return found.size() <= kResumeBytesMax && IsUtf8(found) ? found : "";
  }

  const SourceOptions& options_;
  const RelayContext context_;
};

}  // namespace

std::unique_ptr<SourceProtocol> MakeSourceProtocol(const SourceOptions& options,
                                                   const RelayContext& context) {
  if (options.method == kWatchMethod) return std::make_unique<WatchProtocol>(options, context);
  return std::make_unique<MethodProtocol>(options, context);
}

}  // namespace sluice
