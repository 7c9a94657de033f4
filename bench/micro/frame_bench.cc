// What it costs to make an event's bytes: once per event and view.
#include <optional>
#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "bridge/event/event.h"
#include "bridge/event/event_id.h"
#include "bridge/event/frame_view.h"
#include "bridge/event/sse_frame.h"

namespace sluice {
namespace {

constexpr EventId kId{0x0123456789abcdef, 123'456};

Event EventOf(std::string data) {
  Event event;
  event.topic = "conversation/42";
  event.publisher_id = "message-123456";
  event.type = "token";
  event.data = std::move(data);
  return event;
}

void BM_SseFrame(benchmark::State& state) {
  const std::string data(state.range(0), 'x');
  const std::string id = FormatEventId(kId);
  for (auto _ : state) {
    SseFrame frame({.event = "token", .id = id, .data = data});
    benchmark::DoNotOptimize(frame.chunked().data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_SseFrame)->Arg(20)->Arg(200)->Arg(4096)->Arg(65536);

void BM_SseFrameOfLines(benchmark::State& state) {
  std::string data;
  while (data.size() < 4096) data += "a line of forty characters of plain text\n";
  for (auto _ : state) {
    SseFrame frame({.event = "token", .data = data});
    benchmark::DoNotOptimize(frame.chunked().data());
  }
  state.SetBytesProcessed(state.iterations() * data.size());
}
BENCHMARK(BM_SseFrameOfLines);

// With the default view's frame, as the publishing thread makes it.
void BM_StoredEvent(benchmark::State& state) {
  const Event event = EventOf(std::string(state.range(0), 'x'));
  for (auto _ : state) {
    StoredEvent stored(event, kId);
    benchmark::DoNotOptimize(stored.default_frame().chunked().data());
  }
}
BENCHMARK(BM_StoredEvent)->Arg(200)->Arg(4096);

void EncodeIn(benchmark::State& state, const FrameView& view) {
  const StoredEvent stored(EventOf(std::string(200, 'x')), kId);
  for (auto _ : state) {
    SseFrame frame = EncodeFrame(stored, view, false);
    benchmark::DoNotOptimize(frame.chunked().data());
  }
}

void BM_EncodeDefaultView(benchmark::State& state) { EncodeIn(state, FrameView()); }
BENCHMARK(BM_EncodeDefaultView);

void BM_EncodeViewWithPublisherIds(benchmark::State& state) {
  EncodeIn(state, FrameView{.ids = IdLine::kPublisher});
}
BENCHMARK(BM_EncodeViewWithPublisherIds);

void BM_EncodeViewWithRules(benchmark::State& state) {
  EncodeIn(state, FrameView{.ids = IdLine::kOff,
                            .rules = {{"start", "begin", std::nullopt},
                                      {"stop", "done", "[DONE]"},
                                      {"token", "message", std::nullopt}}});
}
BENCHMARK(BM_EncodeViewWithRules);

void BM_FormatEventId(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(FormatEventId(kId));
}
BENCHMARK(BM_FormatEventId);

void BM_ParseEventId(benchmark::State& state) {
  const std::string text = FormatEventId(kId);
  for (auto _ : state) benchmark::DoNotOptimize(ParseEventId(text));
}
BENCHMARK(BM_ParseEventId);

}  // namespace
}  // namespace sluice
