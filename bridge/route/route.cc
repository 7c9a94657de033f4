#include "bridge/route/route.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/logged_path.h"
#include "bridge/base/text.h"
#include "bridge/event/topic.h"
#include "bridge/route/text_template.h"

namespace sluice {
namespace {

size_t CountSubjects(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find(kSubjectTemplate); at != std::string_view::npos;
       at = text.find(kSubjectTemplate, at + kSubjectTemplate.size())) {
    ++count;
  }
  return count;
}

absl::StatusOr<std::string_view> ValueOf(std::string_view name, const RouteMatch& match,
                                         const RequestTarget& target) {
  if (name == kSubject) return kSubjectTemplate;
  if (name.starts_with(kQueryPrefix)) {
    const std::string_view parameter = name.substr(kQueryPrefix.size());
    if (const auto value = target.Query(parameter); value && !value->empty()) return *value;
    return absl::InvalidArgumentError(
        absl::StrCat("query parameter '", AsAbsl(parameter), "' is required"));
  }
  for (const auto& [capture, value] : match.captures) {
    if (capture == name) return value;
  }
  return absl::InternalError(
      absl::StrCat("the route's path does not capture {", AsAbsl(name), "}"));
}

// `as_segment`: a value must not hold '/', so that it cannot add segments.
absl::StatusOr<std::string> Fill(std::string_view text, bool as_segment, const RouteMatch& match,
                                 const RequestTarget& target) {
  const auto parts = SplitTemplate(text);
  if (!parts.ok()) return parts.status();
  std::string filled;
  for (const TemplatePart& part : *parts) {
    if (!part.is_name) {
      filled += part.text;
      continue;
    }
    const auto value = ValueOf(part.text, match, target);
    if (!value.ok()) return value.status();
    if (as_segment && value->find('/') != std::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("{", AsAbsl(part.text), "} must not hold '/'"));
    }
    filled += *value;
  }
  // Only the route may ask for the subject: a value must not smuggle it in.
  if (CountSubjects(filled) != CountSubjects(text)) {
    return absl::InvalidArgumentError("a value holds '{subject}'");
  }
  return filled;
}

absl::Status AddTopic(std::string topic, std::vector<std::string>& topics) {
  if (const absl::Status status = ValidateTopic(topic); !status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("topic '", LoggedTopics({topic}), "' ", status.message()));
  }
  if (std::find(topics.begin(), topics.end(), topic) == topics.end()) {
    topics.push_back(std::move(topic));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> TopicsOfQuery(const RequestTarget& target) {
  std::vector<std::string> topics;
  for (const std::string_view topic : target.QueryAll("topic")) {
    if (CountSubjects(topic) > 0) {
      return absl::InvalidArgumentError("query parameter 'topic' must not hold '{subject}'");
    }
    if (absl::Status status = AddTopic(std::string(topic), topics); !status.ok()) return status;
  }
  if (topics.empty()) {
    return absl::InvalidArgumentError(
        "query parameter 'topic' is required: ?topic=conversation/42&topic=user/7");
  }
  return topics;
}

}  // namespace

absl::StatusOr<StreamStart> ParseStreamStart(std::string_view text) {
  if (text == "latest") return StreamStart{StreamStart::Kind::kLatest, 0};
  if (text == "earliest") return StreamStart{StreamStart::Kind::kEarliest, 0};
  constexpr std::string_view kLast = "last ";
  if (text.starts_with(kLast)) {
    const std::string_view digits = text.substr(kLast.size());
    uint32_t last = 0;
    if (digits.find_first_not_of("0123456789") == std::string_view::npos &&
        absl::SimpleAtoi(AsAbsl(digits), &last) && last > 0) {
      return StreamStart{StreamStart::Kind::kLast, last};
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("start '", AsAbsl(text), "' is none of: latest, earliest, last N (N from 1)"));
}

absl::StatusOr<std::vector<std::string>> TopicsOf(const RouteMatch& match,
                                                  const RequestTarget& target) {
  if (match.route->topics.empty()) return TopicsOfQuery(target);
  std::vector<std::string> topics;
  for (const std::string& text : match.route->topics) {
    absl::StatusOr<std::string> topic = Fill(text, true, match, target);
    if (!topic.ok()) return topic.status();
    if (absl::Status status = AddTopic(*std::move(topic), topics); !status.ok()) return status;
  }
  return topics;
}

bool FillsSubjectBesideTopics(const Route& route) {
  if (route.call && route.call->request && CountSubjects(*route.call->request) > 0) return true;
  return std::any_of(route.filter.begin(), route.filter.end(),
                     [](const auto& entry) { return CountSubjects(entry.second) > 0; });
}

absl::StatusOr<Attributes> FilterOf(const RouteMatch& match, const RequestTarget& target) {
  Attributes filter;
  for (const auto& [key, text] : match.route->filter) {
    absl::StatusOr<std::string> value = Fill(text, false, match, target);
    if (!value.ok()) return value.status();
    filter.emplace_back(key, *std::move(value));
  }
  std::sort(filter.begin(), filter.end());
  return filter;
}

}  // namespace sluice
