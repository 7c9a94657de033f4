// Whatever its fields hold, a frame is read as exactly these fields, and never
// as more than one event.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "bridge/event/frame_view.h"
#include "bridge/event/sse_frame.h"
#include "tests/fuzz/event_stream.h"
#include "tests/fuzz/require.h"

namespace sluice {
namespace {

// What validation lets through to the encoder.
std::string OneLine(std::string text) {
  std::erase_if(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  return text;
}

std::string WithLineFeeds(std::string_view text) {
  std::string normal;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      normal += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      normal += '\n';
    }
  }
  return normal;
}

void CheckChunk(const SseFrame& frame) {
  const std::string_view chunk = frame.chunked();
  size_t length = 0;
  const auto [end, error] = std::from_chars(chunk.begin(), chunk.end(), length, 16);
  SLUICE_REQUIRE(error == std::errc() && length > 0);
  const size_t header = static_cast<size_t>(end - chunk.begin()) + 2;
  SLUICE_REQUIRE(chunk.substr(header - 2, 2) == "\r\n");
  SLUICE_REQUIRE(chunk.substr(header, length) == frame.plain());
  SLUICE_REQUIRE(chunk.substr(header + length) == "\r\n");
}

void CheckFields(const SseFields& fields) {
  const SseFrame frame(fields);
  CheckChunk(frame);
  // Behind a block of somebody else's, whose fields must not stick.
  const std::string before = "event: other\nid: before\ndata: x\n\n";
  const DecodedStream stream = EventStreamDecoder::Decode(before + std::string(frame.plain()));
  SLUICE_REQUIRE(stream.events.size() == (fields.data ? 2 : 1));
  const std::string id(fields.id.empty() ? "before" : fields.id);
  SLUICE_REQUIRE(stream.last_event_id == id);
  SLUICE_REQUIRE(stream.retry.has_value() == fields.retry_ms.has_value());
  if (fields.retry_ms) SLUICE_REQUIRE(*stream.retry == std::to_string(*fields.retry_ms));
  if (!fields.data) return;
  const DecodedEvent& event = stream.events[1];
  SLUICE_REQUIRE(event.type == (fields.event.empty() ? "message" : fields.event));
  SLUICE_REQUIRE(event.data == WithLineFeeds(*fields.data));
  SLUICE_REQUIRE(event.last_event_id == id);
}

// An event as a publisher may send it, in a view that rewrites it.
void CheckEvent(FuzzedDataProvider& input) {
  Event event;
  event.topic = "topic";
  event.type = OneLine(input.ConsumeRandomLengthString(32));
  if (input.ConsumeBool()) event.data = input.ConsumeRandomLengthString(256);
  if (input.ConsumeBool()) event.publisher_id = OneLine(input.ConsumeRandomLengthString(32));
  if (input.ConsumeBool()) event.retry_ms = input.ConsumeIntegral<uint32_t>();
  event.transient = input.ConsumeBool();
  const std::optional<std::string> data = event.data;
  const std::string type = event.type;
  const StoredEvent stored(
      std::move(event), {input.ConsumeIntegral<Epoch>(), input.ConsumeIntegral<Offset>(), false});
  FrameView view;
  view.ids = input.PickValueInArray({IdLine::kLog, IdLine::kPublisher, IdLine::kOff});
  view.event_line = input.ConsumeBool();
  view.retry_line = input.ConsumeBool();
  if (input.ConsumeBool()) view.rules.push_back({.type = type, .data = "__END__"});
  const SseFrame frame = EncodeFrame(stored, view, input.ConsumeBool());
  if (frame.plain().empty()) return;
  CheckChunk(frame);
  const DecodedStream stream = EventStreamDecoder::Decode(frame.plain());
  SLUICE_REQUIRE(stream.events.size() <= 1);
  if (stream.events.empty()) return;
  const std::string expected =
      view.rules.empty() ? WithLineFeeds(data.value_or("")) : std::string("__END__");
  SLUICE_REQUIRE(stream.events[0].data == expected);
  SLUICE_REQUIRE(stream.events[0].type == (view.event_line && !type.empty() ? type : "message"));
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  FuzzedDataProvider input(bytes, size);
  if (input.ConsumeBool()) {
    sluice::CheckEvent(input);
    return 0;
  }
  const std::string comment = sluice::OneLine(input.ConsumeRandomLengthString(64));
  const std::string event = sluice::OneLine(input.ConsumeRandomLengthString(64));
  const std::string id = sluice::OneLine(input.ConsumeRandomLengthString(64));
  sluice::SseFields fields{.comment = comment, .event = event, .id = id};
  if (input.ConsumeBool()) fields.retry_ms = input.ConsumeIntegral<uint32_t>();
  const bool has_data = input.ConsumeBool();
  const std::string data = input.ConsumeRemainingBytesAsString();
  if (has_data) fields.data = data;
  if (comment.empty() && event.empty() && id.empty() && !fields.retry_ms && !has_data) return 0;
  sluice::CheckFields(fields);
  return 0;
}
