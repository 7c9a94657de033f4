// What it costs to print a message as JSON: ours, and json_util at its best (a resolver
// made once, a string that keeps its room), on the same bytes in one run. Google
// Benchmark's options apply; --check makes a missed figure an error.
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/json/allocations.h"
#include "bench/json/payloads.h"
#include "benchmark/benchmark.h"
#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"

namespace sluice::bench {
namespace {

namespace pb = google::protobuf;

// Whatever the message holds.
constexpr double kAllocationsMax = 4;

// How many times faster ours must be; 0: no promise was made.
double AtLeast(std::string_view payload) {
  if (payload == "a chat token" || payload == "a nested message") return 10;
  return payload == "a Struct" ? 5 : 0;
}

class Printers {
 public:
  explicit Printers(SchemaPtr schema)
      : schema_(std::move(schema)),
        resolver_(
            pb::util::NewTypeResolverForDescriptorPool("type.googleapis.com", &schema_->pool())) {
    options_.always_print_primitive_fields = schema_->options().style.print_implicit_fields;
  }

  size_t Ours(const Payload& payload) const {
    const auto printed =
        transcoder_.FromMessage(*schema_, *schema_->Find(payload.type), payload.bytes);
    if (!printed.ok()) Fail(printed.status().ToString());
    return printed->json.size();
  }
  size_t JsonUtil(const Payload& payload) {
    json_.clear();
    const pb::util::Status status = pb::util::BinaryToJsonString(
        resolver_.get(), "type.googleapis.com/" + payload.type, payload.bytes, &json_, options_);
    if (!status.ok()) Fail(status.ToString());
    return json_.size();
  }

 private:
  const SchemaPtr schema_;
  const JsonTranscoder transcoder_{*SchemaRegistry::Load({}, {})};
  const std::unique_ptr<pb::util::TypeResolver> resolver_;
  pb::util::JsonPrintOptions options_;
  std::string json_;
};

template <typename Print>
void Measure(benchmark::State& state, Print print) {
  const size_t json_bytes = print();  // and whatever is made once
  const uint64_t before = Allocations();
  for (auto _ : state) benchmark::DoNotOptimize(print());
  state.counters["allocations"] =
      static_cast<double>(Allocations() - before) / static_cast<double>(state.iterations());
  state.counters["json_bytes"] = static_cast<double>(json_bytes);
}

// Keeps what is measured, for a table of our own.
class Collector final : public benchmark::BenchmarkReporter {
 public:
  struct Figures {
    double ns = 0;
    double allocations = 0;
    double json_bytes = 0;
  };

  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      runs_[run.run_name.function_name].push_back({run.GetAdjustedCPUTime(),
                                                   run.counters.at("allocations"),
                                                   run.counters.at("json_bytes")});
    }
  }

  // The median run.
  Figures Of(const std::string& name) const {
    std::vector<Figures> runs = runs_.at(name);
    std::sort(runs.begin(), runs.end(),
              [](const Figures& a, const Figures& b) { return a.ns < b.ns; });
    return runs[runs.size() / 2];
  }

 private:
  std::map<std::string, std::vector<Figures>> runs_;
};

constexpr char kOurs[] = "/sluice";
constexpr char kJsonUtil[] = "/json_util";

// False: a figure is missed.
bool Print(const Collector& collector, const std::vector<Payload>& payloads) {
  std::puts(
      "| message | on the wire | JSON | sluice | json_util | times faster | at least | sluice's "
      "allocations | json_util's |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|");
  bool good = true;
  for (const Payload& payload : payloads) {
    const Collector::Figures ours = collector.Of(payload.name + kOurs);
    const Collector::Figures theirs = collector.Of(payload.name + kJsonUtil);
    const double faster = theirs.ns / ours.ns;
    const double at_least = AtLeast(payload.name);
    std::printf("| %s | %zu B | %.0f B | %.0f ns | %.0f ns | %.1f | %s | %.0f | %.0f |\n",
                payload.name.c_str(), payload.bytes.size(), ours.json_bytes, ours.ns, theirs.ns,
                faster, at_least > 0 ? absl::StrCat(at_least).c_str() : "", ours.allocations,
                theirs.allocations);
    good = good && faster >= at_least && ours.allocations <= kAllocationsMax;
  }
  std::printf("\nAt most %.0f allocations, however many fields a message has.\n", kAllocationsMax);
  return good;
}

int Main(int argc, char** argv) {
  const auto last =
      std::remove_if(argv + 1, argv + argc, [](std::string_view arg) { return arg == "--check"; });
  const bool check = last != argv + argc;
  int count = static_cast<int>(last - argv);
  benchmark::Initialize(&count, argv);
  const SchemaPtr schema = PayloadSchema();
  const std::vector<Payload> payloads = Payloads(*schema);
  Printers printers(schema);
  for (const Payload& payload : payloads) {
    benchmark::RegisterBenchmark((payload.name + kOurs).c_str(), [&](benchmark::State& state) {
      Measure(state, [&] { return printers.Ours(payload); });
    });
    benchmark::RegisterBenchmark((payload.name + kJsonUtil).c_str(), [&](benchmark::State& state) {
      Measure(state, [&] { return printers.JsonUtil(payload); });
    });
  }
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  const bool good = Print(collector, payloads);
  return check && !good ? 1 : 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) { return sluice::bench::Main(argc, argv); }
