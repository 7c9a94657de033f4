#include "bridge/server/config/call_policies.h"

#include "absl/strings/str_cat.h"
#include "bridge/server/config/call_metadata.h"
#include "bridge/server/config/durations.h"
#include "bridge/server/config/event_templates.h"
#include "bridge/server/config/frame_policies.h"
#include "bridge/server/config/request_message.h"
#include "bridge/server/config/setting_checks.h"
#include "google/protobuf/descriptor.h"
#include "sluice/config/v1/route.pb.h"

namespace sluice {
namespace {

using google::protobuf::MethodDescriptor;
using Mode = CallPolicy::Mode;
using Resume = CallPolicy::Resume;

class CallBuilder {
 public:
  CallBuilder(const config::v1::Route& route, std::string path, const KnownServices& services,
              Findings* findings)
      : route_(route),
        config_(route.call()),
        path_(std::move(path)),
        call_path_(path_ + ".call"),
        services_(services),
        findings_(findings) {}

  CallPolicy Build(const PathTemplate& template_path) {
    services_.CheckBackend(config_.backend(), call_path_ + ".backend", findings_);
    policy_.backend = config_.backend();
    const MethodDescriptor* method =
        services_.CheckMethod(config_.method(), call_path_ + ".method", findings_);
    policy_.method = config_.method();
    SetMode();
    SetRequest(template_path, method);
    SetTimes();
    policy_.headers = BuildForwardedHeaders(config_.headers(), call_path_ + ".headers", findings_);
    policy_.metadata = BuildMetadata(config_.metadata(), call_path_ + ".metadata", findings_);
    if (config_.has_done()) {
      policy_.done = BuildTemplate(config_.done(), {"done", "{}"}, call_path_ + ".done", findings_);
    }
    policy_.error = BuildTemplate(config_.error(), policy_.error, call_path_ + ".error", findings_);
    return std::move(policy_);
  }

 private:
  bool on_demand() const { return policy_.mode == Mode::kOnDemand; }

  void SetMode() {
    SetWord<Mode>(config_.mode(), call_path_ + ".mode",
                  {{"per_request", Mode::kPerRequest}, {"on_demand", Mode::kOnDemand}},
                  &policy_.mode, findings_);
    SetWord<Resume>(config_.resume(), call_path_ + ".resume",
                    {{"restart", Resume::kRestart}, {"refuse", Resume::kRefuse}}, &policy_.resume,
                    findings_);
    if (on_demand() && route_.topics_size() != 1) {
      findings_->Error(path_ + ".topics", absl::StrCat("is exactly one topic with `mode: ",
                                                       "on_demand`: the one that the call feeds"));
    }
    if (on_demand() && !config_.resume().empty()) {
      findings_->Error(call_path_ + ".resume",
                       "is only for `mode: per_request`: an on_demand call always resumes");
    }
    if (!on_demand() && config_.has_linger()) {
      findings_->Error(call_path_ + ".linger",
                       "is only for `mode: on_demand`: a per_request call ends with its client");
    }
    if (!route_.start().empty()) {
      findings_->Error(path_ + ".start",
                       "is not for a route with a `call`: it starts where its "
                       "call starts");
    }
  }

  void SetRequest(const PathTemplate& template_path, const MethodDescriptor* method) {
    if (!config_.has_request()) return;
    const std::string path = call_path_ + ".request";
    policy_.request = BuildRequestMessage(
        config_.request(), method == nullptr ? nullptr : method->input_type(), path, findings_);
    const TemplateNames names{template_path.capture_names(), !route_.public_()};
    CheckRequestTemplates(config_.request(), names, path, findings_);
  }

  void SetTimes() {
    SetTime(config_.has_deadline(), config_.deadline(), call_path_ + ".deadline", &policy_.deadline,
            findings_);
    SetTime(config_.has_header_wait(), config_.header_wait(), call_path_ + ".header_wait",
            &policy_.header_wait, findings_);
    if (config_.has_linger()) policy_.linger = ToAbsl(config_.linger());
  }

  const config::v1::Route& route_;
  const config::v1::Call& config_;
  const std::string path_;
  const std::string call_path_;
  const KnownServices& services_;
  Findings* findings_;
  CallPolicy policy_;
};

}  // namespace

std::optional<CallPolicy> BuildCallPolicy(const config::v1::Route& route,
                                          const PathTemplate& template_path,
                                          const std::string& path, const KnownServices& services,
                                          Findings* findings) {
  if (!route.has_call()) return std::nullopt;
  return CallBuilder(route, path, services, findings).Build(template_path);
}

}  // namespace sluice
