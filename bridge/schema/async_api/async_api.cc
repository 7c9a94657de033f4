#include "bridge/schema/async_api/async_api.h"

#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/route/text_template.h"
#include "bridge/schema/async_api/json_schema.h"
#include "bridge/schema/async_api/shown_events.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::ordered_json;

constexpr char kHttpBinding[] = "0.3.0";

// "/v1/{channel_type}/events": "v1_channel_type_events", as keys must be.
std::string ChannelKey(std::string_view path) {
  std::string key;
  for (const char c : path) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-') {
      key += c;
    } else if (!key.empty() && key.back() != '_') {
      key += '_';
    }
  }
  while (!key.empty() && key.back() == '_') key.pop_back();
  return key.empty() ? "root" : key;
}

Json Reference(const std::string& path) { return {{"$ref", path}}; }

class Document {
 public:
  Document(const AsyncApiInfo& info, const Schema& schema)
      : info_(info), schema_(schema), schemas_(schema.options()) {}

  void Add(const Route& route);
  std::string Text();

 private:
  std::string UniqueKey(const Route& route);
  Json Parameters(const Route& route) const;
  Json Query(const Route& route);
  const pb::Descriptor* RequestOf(const Route& route) const;
  void AddGet(const std::string& key, const Route& route);
  void AddPost(const std::string& key, const Route& route, Json events);
  Json Operation(const char* action, const std::string& key, const char* method,
                 const Route& route) const;
  Json SecuritySchemes() const;

  const AsyncApiInfo& info_;
  const Schema& schema_;
  JsonSchemas schemas_;
  Json channels_ = Json::object();
  Json operations_ = Json::object();
  bool guarded_ = false;
};

void Document::Add(const Route& route) {
  const std::string key = UniqueKey(route);
  Json channel = {{"address", route.path.text()}};
  if (!route.description.empty()) channel["description"] = route.description;
  Json messages = Json::object();
  Json references = Json::array();
  for (ShownEvent& event : ShownEventsOf(route, schema_, schemas_)) {
    Json& message = messages[event.key];
    message = {{"name", event.name}};
    if (!event.summary.empty()) message["description"] = event.summary;
    message["contentType"] = event.is_json ? "application/json" : "text/plain";
    message["payload"] = std::move(event.data);
    references.push_back(Reference(absl::StrCat("#/channels/", key, "/messages/", event.key)));
  }
  channel["messages"] = std::move(messages);
  if (Json parameters = Parameters(route); !parameters.empty()) {
    channel["parameters"] = std::move(parameters);
  }
  channels_[key] = std::move(channel);
  guarded_ |= !route.is_public;
  if (route.get) AddGet(key, route);
  if (route.post) AddPost(key, route, std::move(references));
}

std::string Document::UniqueKey(const Route& route) {
  const std::string base = ChannelKey(route.path.text());
  std::string key = base;
  for (int n = 2; channels_.contains(key); ++n) key = absl::StrCat(base, "_", n);
  return key;
}

Json Document::Parameters(const Route& route) const {
  Json parameters = Json::object();
  for (const std::string& name : route.path.capture_names()) {
    Json& parameter = parameters[name];
    parameter = {{"description", "One path segment."}};
    const auto values = route.capture_values.find(name);
    if (values != route.capture_values.end()) parameter["enum"] = values->second;
  }
  return parameters;
}

// A JSON schema of the query parameters that the route reads.
Json Document::Query(const Route& route) {
  Json properties = Json::object();
  Json required = Json::array();
  const auto need = [&](std::string_view text) {
    const auto parts = SplitTemplate(text);
    if (!parts.ok()) return;
    for (const TemplatePart& part : *parts) {
      if (!part.is_name || !part.text.starts_with(kQueryPrefix)) continue;
      const std::string name(part.text.substr(kQueryPrefix.size()));
      properties[name] = {{"type", "string"}};
      required.push_back(name);
    }
  };
  for (const std::string& topic : route.topics) need(topic);
  for (const auto& [attribute, value] : route.filter) need(value);
  if (route.topics.empty() && !route.call) {
    properties["topic"] = {{"type", "array"}, {"items", {{"type", "string"}}}, {"minItems", 1}};
    required.push_back("topic");
  }
  if (const pb::Descriptor* request = RequestOf(route)) {
    for (int i = 0; i < request->field_count(); ++i) {
      const pb::FieldDescriptor& field = *request->field(i);
      if (field.message_type() == nullptr) properties[field.name()] = schemas_.Of(field);
    }
  }
  properties["last_event_id"] = {{"type", "string"},
                                 {"description", "Where to go on; the header Last-Event-ID wins."}};
  Json query = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) query["required"] = std::move(required);
  return query;
}

// Null: the route calls nothing, or its request has a form of its own.
const pb::Descriptor* Document::RequestOf(const Route& route) const {
  if (!route.call || route.call->request) return nullptr;
  const pb::MethodDescriptor* method = schema_.FindMethod(route.call->method);
  return method == nullptr ? nullptr : method->input_type();
}

Json Document::Operation(const char* action, const std::string& key, const char* method,
                         const Route& route) const {
  Json operation = {{"action", action}, {"channel", Reference("#/channels/" + key)}};
  operation["bindings"]["http"] = {{"method", method}, {"bindingVersion", kHttpBinding}};
  if (route.is_public) return operation;
  Json& security = operation["security"] = Json::array();
  const Json schemes = SecuritySchemes();
  for (const auto& scheme : schemes.items()) {
    security.push_back(Reference("#/components/securitySchemes/" + scheme.key()));
  }
  return operation;
}

void Document::AddGet(const std::string& key, const Route& route) {
  Json operation = Operation("send", key, "GET", route);
  operation["summary"] = "Opens an event stream.";
  operation["bindings"]["http"]["query"] = Query(route);
  operations_["get_" + key] = std::move(operation);
}

// A client sends a request, and reads what comes back on the same channel.
void Document::AddPost(const std::string& key, const Route& route, Json events) {
  Json& request = channels_[key]["messages"]["request"];
  request = {{"name", "request"}, {"contentType", "application/json"}};
  const pb::Descriptor* type = RequestOf(route);
  request["payload"] = type != nullptr ? schemas_.Of(*type) : Json{{"type", "object"}};
  Json operation = Operation("receive", key, "POST", route);
  operation["summary"] = "Opens an event stream that answers a request.";
  operation["messages"] =
      Json::array({Reference(absl::StrCat("#/channels/", key, "/messages/request"))});
  operation["reply"] = {{"channel", Reference("#/channels/" + key)},
                        {"messages", std::move(events)}};
  operations_["post_" + key] = std::move(operation);
}

Json Document::SecuritySchemes() const {
  Json schemes = {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}};
  const auto add = [&schemes](const char* in, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      schemes[absl::StrCat(in, "_", ChannelKey(name))] = {
          {"type", "httpApiKey"}, {"name", name}, {"in", in}};
    }
  };
  add("query", info_.credential_query_parameters);
  add("cookie", info_.credential_cookies);
  return schemes;
}

std::string Document::Text() {
  Json document = {{"asyncapi", "3.0.0"}};
  document["info"] = {{"title", info_.title},
                      {"version", info_.version},
                      {"description", "Server-Sent Events (WHATWG HTML, section 9.2) over HTTP."}};
  document["servers"]["bridge"] = {{"host", info_.host},
                                   {"protocol", info_.secure ? "https" : "http"}};
  document["defaultContentType"] = "application/json";
  document["channels"] = channels_;
  document["operations"] = operations_;
  document["components"]["schemas"] = schemas_.definitions();
  if (guarded_) document["components"]["securitySchemes"] = SecuritySchemes();
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string AsyncApiJson(const AsyncApiInfo& info, const RouteTable& routes, const Schema& schema) {
  Document document(info, schema);
  for (const Route& route : routes.routes()) document.Add(route);
  return document.Text();
}

}  // namespace sluice
