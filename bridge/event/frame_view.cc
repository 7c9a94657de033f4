#include "bridge/event/frame_view.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"
#include "bridge/event/event_fields.h"
#include "bridge/event/json_members.h"

namespace sluice {
namespace {

// A bare `retry` is no event: nobody is to be told of it.
bool IsBare(const Event& event, std::optional<std::string_view> data) {
  return event.type.empty() && !data;
}

// `object` with the type as its first member, instead of what it has under `key`.
std::string WithType(std::string_view object, const std::string& key, std::string_view type) {
  std::string typed = absl::StrCat("{", JsonQuote(key), ":", JsonQuote(type));
  typed.reserve(typed.size() + object.size());
  JsonMembers members(object);
  while (const auto member = members.Next()) {
    if (JsonStringMeans(member->key, key)) continue;
    typed += ",\"";
    typed += member->key;
    typed += "\":";
    typed += member->value;
  }
  typed += '}';
  return typed;
}

struct Payload {
  std::optional<std::string_view> data;
  bool is_text = false;
};

// What the masks leave of a payload; `masked` holds it.
Payload Left(const FrameView& view, const Event& event, std::optional<std::string_view> data,
             std::string& masked) {
  if (!data || view.masks == nullptr || !view.masks->Hides(event.type)) {
    return {data, event.data_is_text};
  }
  // (Text has no fields that could be left.)
  masked = event.data_is_text ? "{}" : view.masks->Apply(event.type, *data);
  return {masked, false};
}

// What stands in the `data:` field instead of the payload; nothing: the payload does.
std::optional<std::string> Replaced(const FrameRule& rule, std::string_view type,
                                    const Payload& payload) {
  const std::optional<std::string_view>& data = payload.data;
  if (rule.data) return rule.data;
  if (rule.json) {
    if (!data) return rule.json->Fill("null", type);
    return payload.is_text ? rule.json->Fill(JsonQuote(*data), type) : rule.json->Fill(*data, type);
  }
  if (rule.type_key.empty() || type.empty() || !data || payload.is_text ||
      !JsonMembers(*data).is_object()) {
    return std::nullopt;
  }
  return WithType(*data, rule.type_key, type);
}

// `data`: the payload.
SseFrame Encode(const Event& event, std::optional<std::string_view> data, std::string_view id,
                const FrameView& view) {
  std::string masked;
  const Payload payload = Left(view, event, data, masked);
  const FrameRule* rule = IsBare(event, data) ? nullptr : RuleFor(view, event.type);
  std::optional<std::string> replaced;
  if (rule != nullptr) replaced = Replaced(*rule, event.type, payload);
  SseFields fields;
  if (view.event_line) fields.event = rule && rule->event ? *rule->event : event.type;
  if (view.ids != IdLine::kOff) fields.id = id;
  if (view.retry_line) fields.retry_ms = event.retry_ms;
  fields.data = replaced ? std::optional<std::string_view>(*replaced) : payload.data;
  return SseFrame(fields);
}

}  // namespace

const FrameRule* RuleFor(const FrameView& view, std::string_view type) {
  const FrameRule* every = nullptr;
  for (const FrameRule& rule : view.rules) {
    if (rule.type == type) return &rule;
    if (rule.type == kEveryType) every = &rule;
  }
  return every;
}

SseFrame EncodeFrame(const StoredEvent& stored, const FrameView& view, bool end) {
  const Event& event = stored.event();
  if (event.transient) return Encode(event, stored.data(), {}, view);  // no place to come back to
  const bool publishers = !event.publisher_id.empty() && !IsOwnId(event.publisher_id);
  if (view.ids == IdLine::kPublisher && publishers && !end) {
    return Encode(event, stored.data(), event.publisher_id, view);
  }
  // (Only an id of ours can say that the stream has ended.)
  std::array<char, kEventIdBytesMax> id;
  const EventId wire{stored.id().epoch, stored.id().offset, end};
  return Encode(event, stored.data(), {id.data(), WriteEventId(wire, id.data())}, view);
}

SseFrame EncodeFrame(const Event& event, std::string_view id, const FrameView& view) {
  const std::optional<std::string_view> data =
      event.data ? std::optional<std::string_view>(*event.data) : std::nullopt;
  return Encode(event, data, id, view);
}

}  // namespace sluice
