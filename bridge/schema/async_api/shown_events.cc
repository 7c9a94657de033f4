#include "bridge/schema/async_api/shown_events.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/async_api/route_events.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::ordered_json;

// A key that AsyncAPI takes.
std::string KeyOf(std::string_view type) {
  std::string key(type.empty() ? "message" : type);
  std::replace_if(
      key.begin(), key.end(),
      [](unsigned char c) { return !absl::ascii_isalnum(c) && c != '_' && c != '-' && c != '.'; },
      '_');
  return key;
}

class Shown {
 public:
  Shown(const Route& route, const Schema& schema, JsonSchemas& schemas)
      : route_(route), schema_(schema), schemas_(schemas) {}

  std::vector<ShownEvent> All();

 private:
  void AddPublished(const RouteEvent& event);
  // An event of the bridge itself: its data is what a template makes, whose strings
  // change, but not its keys.
  void AddOwn(const std::string& name, Json data, const char* summary);
  Json DataOf(const RouteEvent& event);
  // What a rule makes of it.
  Json DataOf(const RouteEvent& event, const FrameRule& rule, bool* is_json);
  Json WithType(const RouteEvent& event, const std::string& key);
  Json Filled(const Json& form, const RouteEvent& event);
  Json MemberOf(const RouteEvent& event, const std::string& name);
  // The definition of the message that is the data; nothing: it is no message.
  Json Definition(const RouteEvent& event);

  const Route& route_;
  const Schema& schema_;
  JsonSchemas& schemas_;
  std::vector<ShownEvent> events_;
};

// The form of a template's JSON: strings may hold variables, the rest is as it is.
Json FormOf(const Json& value) {
  if (value.is_object()) {
    Json schema = {{"type", "object"}, {"properties", Json::object()}};
    for (const auto& [key, member] : value.items()) schema["properties"][key] = FormOf(member);
    return schema;
  }
  if (value.is_array()) return {{"type", "array"}};
  if (value.is_string() && value.get<std::string>().find("${") != std::string::npos) {
    return {{"type", "string"}};
  }
  return {{"const", value}};
}

Json FormOfText(const std::string& json) {
  return json.empty() ? Json::object() : FormOf(Json::parse(json, nullptr, false));
}

std::vector<ShownEvent> Shown::All() {
  if (route_.connect.enabled) {
    Json topics = {
        {"type", "object"},
        {"properties", {{"topics", {{"type", "array"}, {"items", {{"type", "string"}}}}}}}};
    AddOwn(route_.connect.event,
           route_.connect.data.empty() ? std::move(topics) : FormOfText(route_.connect.data),
           "The first event of a stream.");
  }
  for (const RouteEvent& event : EventsOf(route_, schema_)) AddPublished(event);
  if (route_.call) {
    if (route_.call->done) {
      AddOwn(route_.call->done->event, FormOfText(route_.call->done->data),
             "All has been said; the stream ends.");
    }
    AddOwn(route_.call->error.event, FormOfText(route_.call->error.data),
           "The backend has failed; the stream ends.");
  } else {
    AddOwn(route_.error.event, FormOfText(route_.error.data), "The stream cannot go on, and ends.");
    AddOwn("gap", FormOfText(R"({"topic":"${topic}","requested":"${id}","resumed":"${id}"})"),
           "Events of a topic that came before are not kept any more.");
  }
  if (route_.heartbeat != nullptr && !route_.heartbeat->event.empty()) {
    AddOwn(route_.heartbeat->event, FormOfText(route_.heartbeat->data),
           "Sent while there is nothing else to send.");
  }
  return std::move(events_);
}

void Shown::AddOwn(const std::string& name, Json data, const char* summary) {
  const std::string key = KeyOf(name);
  for (const ShownEvent& known : events_) {
    if (known.key == key) return;  // published under the same name
  }
  events_.push_back({key, name, true, std::move(data), summary});
}

void Shown::AddPublished(const RouteEvent& event) {
  ShownEvent shown;
  shown.key = KeyOf(event.type);
  const bool event_line = route_.view == nullptr || route_.view->event_line;
  const FrameRule* rule = route_.view == nullptr ? nullptr : RuleFor(*route_.view, event.type);
  shown.name = rule != nullptr && rule->event ? *rule->event : event.type;
  if (!event_line) shown.name = "message";
  shown.summary = event.field != nullptr ? CommentOf(*event.field) : CommentOf(*event.message);
  if (event.end_of_stream) {
    absl::StrAppend(&shown.summary, shown.summary.empty() ? "" : "\n", "Ends the stream.");
  }
  shown.data = rule == nullptr ? DataOf(event) : DataOf(event, *rule, &shown.is_json);
  events_.push_back(std::move(shown));
}

Json Shown::DataOf(const RouteEvent& event) {
  return event.field != nullptr ? schemas_.Of(*event.field) : schemas_.Of(*event.message);
}

Json Shown::DataOf(const RouteEvent& event, const FrameRule& rule, bool* is_json) {
  if (rule.data) {
    const Json constant = Json::parse(*rule.data, nullptr, false);
    *is_json = !constant.is_discarded();
    return {{"const", *is_json ? constant : Json(*rule.data)}};
  }
  if (rule.json) return Filled(Json::parse(rule.json->text(), nullptr, false), event);
  return rule.type_key.empty() ? DataOf(event) : WithType(event, rule.type_key);
}

Json Shown::Definition(const RouteEvent& event) {
  if (event.field == nullptr) return schemas_.Definition(*event.message);
  const pb::Descriptor* type = event.field->message_type();
  return type == nullptr ? Json() : schemas_.Definition(*type);
}

Json Shown::WithType(const RouteEvent& event, const std::string& key) {
  Json schema = Definition(event);
  if (schema.value("type", "") != "object") return DataOf(event);
  Json properties = {{key, {{"const", event.type}}}};
  if (schema.contains("properties")) {
    for (const auto& [name, property] : schema["properties"].items()) {
      if (name != key) properties[name] = property;
    }
  }
  schema["properties"] = std::move(properties);
  Json& required = schema["required"];
  if (std::find(required.begin(), required.end(), key) == required.end()) required.push_back(key);
  return schema;
}

Json Shown::Filled(const Json& form, const RouteEvent& event) {
  constexpr std::string_view kMember = "${data.";
  if (form.is_object()) {
    Json schema = {{"type", "object"}, {"properties", Json::object()}};
    for (const auto& [name, value] : form.items()) {
      schema["properties"][name] = Filled(value, event);
      schema["required"].push_back(name);
    }
    return schema;
  }
  if (form.is_array()) return {{"type", "array"}};
  if (!form.is_string()) return {{"const", form}};
  const std::string text = form.get<std::string>();
  if (text == "${data}") return DataOf(event);
  if (text == "${type}") return {{"const", event.type}};
  if (text.rfind(kMember, 0) != 0) return {{"const", form}};
  return MemberOf(event, text.substr(kMember.size(), text.size() - kMember.size() - 1));
}

Json Shown::MemberOf(const RouteEvent& event, const std::string& name) {
  const Json null = {{"type", "null"}};
  const Json schema = Definition(event);
  if (!schema.contains("properties") || !schema["properties"].contains(name)) return null;
  const Json& member = schema["properties"][name];
  const Json required = schema.value("required", Json::array());
  const bool always = std::find(required.begin(), required.end(), name) != required.end();
  return always ? member : Json{{"anyOf", {member, null}}};
}

}  // namespace

std::vector<ShownEvent> ShownEventsOf(const Route& route, const Schema& schema,
                                      JsonSchemas& schemas) {
  return Shown(route, schema, schemas).All();
}

}  // namespace sluice
