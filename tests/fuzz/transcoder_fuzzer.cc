// Random messages of random schemas: the transcoder prints what the JSON mapping says,
// what json_util prints where that is right, and refuses what is not a message.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"
#include "tests/fuzz/transcoder/choices.h"
#include "tests/fuzz/transcoder/expected_json.h"
#include "tests/fuzz/transcoder/json_util_reference.h"
#include "tests/fuzz/transcoder/random_message.h"
#include "tests/fuzz/transcoder/random_schema.h"
#include "tests/fuzz/transcoder/reference_message.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::ordered_json;

// A schema and all that is made of it once.
class World {
 public:
  explicit World(uint16_t seed) : World(ByteString(seed)) {}

  void Check(size_t choice, std::string_view rest);

 private:
  static std::string ByteString(uint16_t seed) {
    return {static_cast<char>(seed), static_cast<char>(seed >> 8)};
  }
  explicit World(const std::string& seed) {
    Choices choices = Choices::Seeded(seed);
    files_ = RandomSchema(choices);
    auto schema = Schema::Build({{"fuzz", files_}}, RandomOptions(*files_, choices));
    if (!schema.ok()) Fail("no schema", schema.status().ToString());
    schema_ = *schema;
    factory_ = std::make_unique<pb::DynamicMessageFactory>(&schema_->pool());
    expected_ = std::make_unique<ExpectedJson>(*schema_, *factory_);
    json_util_ = std::make_unique<JsonUtilReference>(*schema_, *factory_);
    for (const std::string& name : schema_->ConfiguredFileNames()) {
      const pb::FileDescriptor* file = schema_->pool().FindFileByName(name);
      for (int i = 0; i < file->message_type_count(); ++i) {
        types_.push_back(schema_->Find(file->message_type(i)->full_name()));
      }
    }
    for (const char* name : {"Any", "Duration", "FieldMask", "Value", "StringValue"}) {
      types_.push_back(schema_->Find(std::string("google.protobuf.") + name));
    }
  }

  void CheckExpected(const pb::Message& message, const Json& expected);
  void CheckPrinted(const Json& expected, const std::string& json);
  void CheckRefused(const absl::StatusOr<Json>& expected, const absl::Status& refused);
  [[noreturn]] void Fail(std::string_view what, std::string_view more = "");

  std::shared_ptr<const pb::FileDescriptorSet> files_;
  SchemaPtr schema_;
  std::unique_ptr<pb::DynamicMessageFactory> factory_;
  std::unique_ptr<ExpectedJson> expected_;
  std::unique_ptr<JsonUtilReference> json_util_;
  std::vector<const MessageType*> types_;
  // Under way.
  const MessageType* type_ = nullptr;
  std::string bytes_;
};

// Null where a key comes twice, or it is no JSON.
Json ParseStrictly(const std::string& text) {
  std::vector<std::set<std::string>> keys;
  bool twice = false;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) {
      twice = twice || !keys.back().insert(parsed.get<std::string>()).second;
    }
    return true;
  };
  Json json = Json::parse(text, watch, false);
  return twice ? Json(Json::value_t::discarded) : json;
}

// Of fields, as RandomSchema makes them, and around them in JSON.
constexpr size_t kNameBytesMax = 32;

size_t FractionsIn(const Json& json) {
  if (!json.is_structured()) return json.is_number_float() ? 1 : 0;
  size_t count = 0;
  for (const Json& inside : json) count += FractionsIn(inside);
  return count;
}

const std::shared_ptr<const SchemaRegistry>& NoFiles() {
  static const std::shared_ptr<const SchemaRegistry> registry = *SchemaRegistry::Load({}, {});
  return registry;
}

void World::Check(size_t choice, std::string_view rest) {
  type_ = types_[choice % types_.size()];
  switch (choice / types_.size() % 4) {
    case 0:
      bytes_ = rest;
      break;
    case 1: {
      Choices choices = Choices::OfBytes(rest);
      bytes_ = RandomMessage(schema_->pool(), *type_->descriptor, choices);
      break;
    }
    default: {
      Choices choices = Choices::Seeded(rest);
      bytes_ = RandomMessage(schema_->pool(), *type_->descriptor, choices);
    }
  }
  const uint64_t undecided = UndecidedEntries();
  const auto message = ReferenceMessage(*factory_->GetPrototype(type_->descriptor), bytes_);
  const absl::StatusOr<Json> expected = message == nullptr
                                            ? absl::InvalidArgumentError("protobuf refuses it")
                                            : expected_->Of(*message);
  if (UndecidedEntries() != undecided) return;
  if (expected.ok()) CheckExpected(*message, *expected);
  const auto printed = JsonTranscoder(NoFiles()).FromMessage(*schema_, *type_, bytes_);
  if (!printed.ok()) return CheckRefused(expected, printed.status());
  if (!expected.ok()) Fail(expected.status().ToString(), printed->json);
  CheckPrinted(*expected, printed->json);
}

// A tag of more than 32 bits is refused; protobuf's C++ drops what is too much of it.
bool MayHoldTagOfMoreThan32Bits(std::string_view bytes) {
  size_t continued = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (continued >= 4 && byte >= 0x10 && byte < 0x80) return true;
    continued = byte >= 0x80 ? continued + 1 : 0;
  }
  return false;
}

void World::CheckRefused(const absl::StatusOr<Json>& expected, const absl::Status& refused) {
  const JsonOptions& options = schema_->options();
  if (refused.message().empty()) Fail("refused without a word");
  if (refused.code() == absl::StatusCode::kResourceExhausted) {
    if (!expected.ok() || bytes_.size() > options.bytes_max) return;
    // (A number of up to 21 digits is written without an exponent; a list that came, but with
    // nothing in it, counts as long as it is looked at.)
    const size_t about = expected->dump().size() + 21 * FractionsIn(*expected) + kNameBytesMax;
    if (about > options.bytes_max) return;
    // (So does it here.)
    if (DepthOf(*expected) + 1 > options.depth_max) return;
  } else if (refused.code() == absl::StatusCode::kInvalidArgument) {
    if (!expected.ok() || MayHoldTagOfMoreThan32Bits(bytes_)) return;
    // One that came again later, of proto2, where no parser asks it.
    if (absl::StrContains(refused.message(), "UTF-8")) return;
  }
  Fail(refused.ToString(), expected.ok() ? expected->dump() : "");
}

void World::CheckPrinted(const Json& expected, const std::string& json) {
  const JsonOptions& options = schema_->options();
  if (json.find_first_of("\r\n") != std::string::npos) Fail("a line break", json);
  if (json.size() > options.bytes_max) Fail("longer than the bound", json);
  const Json parsed = ParseStrictly(json);
  if (parsed != expected) Fail(json, expected.dump());
  // (The empty lists of fields that are not set may stand one deeper.)
  if (DepthOf(parsed) > options.depth_max + 1) Fail("deeper than the bound", json);
}

// Of the same mind as json_util: what is expected is right.
void World::CheckExpected(const pb::Message& message, const Json& expected) {
  const std::optional<nlohmann::json> printed = json_util_->Print(message);
  if (!printed || AlmostEqual(nlohmann::json(expected), *printed)) return;
  Fail("json_util prints " + printed->dump(), expected.dump());
}

void World::Fail(std::string_view what, std::string_view more) {
  for (const pb::FileDescriptorProto& file : files_->file()) {
    const pb::FileDescriptor* built =
        schema_ == nullptr ? nullptr : schema_->pool().FindFileByName(file.name());
    std::fprintf(stderr, "%s\n", (built ? built->DebugString() : file.DebugString()).c_str());
  }
  if (type_ != nullptr) {
    const JsonStyle& style = schema_->options().style;
    std::fprintf(stderr, "implicit %d proto names %d numbers %d types %zu depth %u bytes %u\n",
                 style.print_implicit_fields, style.proto_field_names, style.enums_as_numbers,
                 schema_->options().types.size(), schema_->options().depth_max,
                 schema_->options().bytes_max);
    std::fprintf(stderr, "%s: %s\n", type_->descriptor->full_name().c_str(),
                 absl::BytesToHexString(bytes_).c_str());
    const auto message = ReferenceMessage(*factory_->GetPrototype(type_->descriptor), bytes_);
    if (message != nullptr) std::fprintf(stderr, "%s\n", message->DebugString().c_str());
  }
  std::fprintf(stderr, "%.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(more.size()), more.data());
  std::abort();
}

// Making a schema takes longer than using it: there are only so many.
World& WorldOf(uint16_t seed) {
  static std::unordered_map<uint16_t, std::unique_ptr<World>> worlds;
  constexpr uint16_t kWorlds = 512;
  std::unique_ptr<World>& world = worlds[seed % kWorlds];
  if (world == nullptr) world = std::make_unique<World>(static_cast<uint16_t>(seed % kWorlds));
  return *world;
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 3) return 0;
  const auto seed = static_cast<uint16_t>(bytes[0] | bytes[1] << 8);
  sluice::WorldOf(seed).Check(bytes[2], {reinterpret_cast<const char*>(bytes) + 3, size - 3});
  return 0;
}
