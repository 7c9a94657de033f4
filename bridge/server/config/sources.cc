#include "bridge/server/config/sources.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/event/topic.h"
#include "bridge/server/config/call_metadata.h"
#include "bridge/server/config/durations.h"
#include "bridge/server/config/request_message.h"
#include "bridge/server/config/setting_checks.h"
#include "google/protobuf/descriptor.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

constexpr size_t kNameBytesMax = 128;

class SourceBuilder {
 public:
  SourceBuilder(const config::v1::Source& config, std::string path, const KnownServices& services,
                Findings* findings)
      : config_(config), path_(std::move(path)), services_(services), findings_(findings) {}

  SourceOptions Build() {
    CheckName();
    options_.name = config_.name();
    services_.CheckBackend(config_.backend(), path_ + ".backend", findings_);
    options_.backend = config_.backend();
    if (!config_.method().empty()) options_.method = config_.method();
    method_ = services_.CheckMethod(options_.method, path_ + ".method", findings_);
    SetWords();
    SetTopic();
    SetRequest();
    SetTimes();
    SetResume();
    options_.metadata = BuildMetadata(config_.metadata(), path_ + ".metadata", findings_);
    return std::move(options_);
  }

 private:
  // Its events name their topics, and it resumes by itself.
  bool IsEventSource() const { return options_.method == kWatchMethod; }

  void CheckName() {
    const std::string& name = config_.name();
    if (name.empty()) {
      findings_->Error(path_ + ".name", "is required: any name, for logs and statistics");
    } else if (name.size() > kNameBytesMax || HasControlCharacter(name)) {
      findings_->Error(path_ + ".name",
                       absl::StrCat("is at most ", kNameBytesMax,
                                    " bytes without line breaks or other control characters"));
    }
  }

  void SetWords() {
    SetWord<SourceOptions::Start>(config_.start(), path_ + ".start",
                                  {{"always", SourceOptions::Start::kAlways},
                                   {"subscribed", SourceOptions::Start::kSubscribed}},
                                  &options_.start, findings_);
    SetWord<SourceOptions::OnError>(
        config_.on_error(), path_ + ".on_error",
        {{"keep", SourceOptions::OnError::kKeep}, {"close", SourceOptions::OnError::kClose}},
        &options_.on_error, findings_);
  }

  void SetTopic() {
    const std::string path = path_ + ".topic";
    options_.topic = config_.topic();
    if (!config_.topic().empty()) {
      if (const absl::Status status = ValidateTopic(config_.topic()); !status.ok()) {
        findings_->Error(path, absl::StrCat("\"", config_.topic(), "\" ", status.message()));
      }
    } else if (!IsEventSource()) {
      findings_->Error(path, "is required: where the responses go");
    } else if (options_.start == SourceOptions::Start::kSubscribed) {
      findings_->Error(path, "is required with `start: subscribed`: whose subscribers count");
    }
  }

  void SetRequest() {
    if (!config_.has_request()) return;
    const std::string path = path_ + ".request";
    options_.request = BuildRequestMessage(
        config_.request(), method_ == nullptr ? nullptr : method_->input_type(), path, findings_);
  }

  void SetTimes() {
    if (config_.has_linger()) {
      options_.linger = ToAbsl(config_.linger());
      if (options_.start != SourceOptions::Start::kSubscribed) {
        findings_->Error(path_ + ".linger", "is only for `start: subscribed`");
      }
    }
    SetTime(config_.has_backoff_min(), config_.backoff_min(), path_ + ".backoff_min",
            &options_.backoff_min, findings_);
    SetTime(config_.has_backoff_max(), config_.backoff_max(), path_ + ".backoff_max",
            &options_.backoff_max, findings_);
    if (options_.backoff_min > options_.backoff_max) {
      findings_->Error(path_ + (config_.has_backoff_min() ? ".backoff_min" : ".backoff_max"),
                       absl::StrCat("backoff_min (", absl::FormatDuration(options_.backoff_min),
                                    ") is more than backoff_max (",
                                    absl::FormatDuration(options_.backoff_max), ")"));
    }
    SetTime(config_.has_deadline(), config_.deadline(), path_ + ".deadline", &options_.deadline,
            findings_);
  }

  void SetResume() {
    if (!config_.has_resume()) return;
    const std::string path = path_ + ".resume";
    if (IsEventSource()) {
      findings_->Error(path, "is not for EventSource, which has resume_token and Event.id");
      return;
    }
    CheckResumeField(config_.resume().response_field(),
                     method_ == nullptr ? nullptr : method_->output_type(),
                     path + ".response_field");
    CheckResumeField(config_.resume().request_field(),
                     method_ == nullptr ? nullptr : method_->input_type(), path + ".request_field");
    options_.resume =
        SourceResume{config_.resume().response_field(), config_.resume().request_field()};
  }

  void CheckResumeField(const std::string& name, const Descriptor* type, const std::string& path) {
    if (name.empty()) {
      findings_->Error(path, "is required: the name of a string field");
    } else if (type != nullptr) {
      const FieldDescriptor* field = type->FindFieldByName(name);
      if (field == nullptr || field->is_repeated() ||
          field->type() != FieldDescriptor::TYPE_STRING) {
        findings_->Error(path,
                         absl::StrCat("\"", name, "\" is no string field of ", type->full_name()));
      }
    }
  }

  const config::v1::Source& config_;
  const std::string path_;
  const KnownServices& services_;
  Findings* findings_;
  const MethodDescriptor* method_ = nullptr;
  SourceOptions options_;
};

}  // namespace

std::vector<SourceOptions> BuildSources(const config::v1::Config& config,
                                        const KnownServices& services, Findings* findings) {
  std::vector<SourceOptions> sources;
  std::set<std::string> names;
  for (int i = 0; i < config.sources_size(); ++i) {
    const std::string path = absl::StrCat("sources[", i, "]");
    sources.push_back(SourceBuilder(config.sources(i), path, services, findings).Build());
    const std::string& name = sources.back().name;
    if (!name.empty() && !names.insert(name).second) {
      findings->Error(path + ".name", absl::StrCat("another source is \"", name, "\" already"));
    }
  }
  return sources;
}

}  // namespace sluice
