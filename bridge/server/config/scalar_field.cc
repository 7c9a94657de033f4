#include "bridge/server/config/scalar_field.h"

#include <cstdint>
#include <limits>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "bridge/base/utf8.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"

namespace sluice {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr absl::Duration kDurationMax = absl::Hours(24 * 3660);

bool IsSize(const FieldDescriptor& field) { return absl::EndsWith(field.name(), "_bytes"); }

bool IsDigits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// How many bytes "KiB" stands for; 0: no such unit.
uint64_t UnitBytes(const std::string& unit) {
  if (unit == "KiB") return uint64_t{1} << 10;
  if (unit == "MiB") return uint64_t{1} << 20;
  if (unit == "GiB") return uint64_t{1} << 30;
  return 0;
}

absl::StatusOr<uint64_t> ParseNumber(const std::string& text, const FieldDescriptor& field) {
  const uint64_t max = field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32
                           ? std::numeric_limits<uint32_t>::max()
                           : std::numeric_limits<uint64_t>::max();
  std::string digits = text;
  uint64_t unit = 1;
  if (IsSize(field) && text.size() > 3 && UnitBytes(text.substr(text.size() - 3)) != 0) {
    unit = UnitBytes(text.substr(text.size() - 3));
    digits = std::string(absl::StripAsciiWhitespace(text.substr(0, text.size() - 3)));
  }
  if (!IsDigits(digits)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is not a ",
        IsSize(field) ? "size: write a number of bytes, or \"64KiB\", \"16MiB\", \"1GiB\""
                      : "number of 0 or more"));
  }
  uint64_t number = 0;
  if (!absl::SimpleAtoi(digits, &number) || number > max / unit) {
    return absl::InvalidArgumentError(absl::StrCat(text, " is out of range: at most ", max));
  }
  return number * unit;
}

absl::Status SetDuration(const std::string& text, Message* message) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is not a duration: write \"250ms\", \"30s\", \"5m\" or \"2h\""));
  }
  if (duration < absl::ZeroDuration() || duration > kDurationMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is out of range: 0s to ", absl::FormatDuration(kDurationMax)));
  }
  auto* proto = static_cast<google::protobuf::Duration*>(message);
  absl::Duration rest;
  proto->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  proto->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return absl::OkStatus();
}

}  // namespace

bool IsScalar(const FieldDescriptor& field) {
  return !field.is_repeated() && (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
                                  field.message_type() == google::protobuf::Duration::descriptor());
}

absl::Status SetScalar(const std::string& text, const FieldDescriptor& field, Message* message) {
  const auto& reflection = *message->GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (!IsUtf8(text)) return absl::InvalidArgumentError("is not UTF-8");
      reflection.SetString(message, &field, text);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") {
        return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not true or false"));
      }
      reflection.SetBool(message, &field, text == "true");
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetDuration(text, reflection.MutableMessage(message, &field));
    default:
      break;
  }
  const auto number = ParseNumber(text, field);
  if (!number.ok()) return number.status();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
    reflection.SetUInt32(message, &field, static_cast<uint32_t>(*number));
  } else {
    reflection.SetUInt64(message, &field, *number);
  }
  return absl::OkStatus();
}

absl::Status SetList(const std::vector<std::string>& texts, const FieldDescriptor& field,
                     Message* message) {
  const auto& reflection = *message->GetReflection();
  reflection.ClearField(message, &field);
  for (const std::string& text : texts) {
    if (!IsUtf8(text)) return absl::InvalidArgumentError("is not UTF-8");
    reflection.AddString(message, &field, text);
  }
  return absl::OkStatus();
}

std::vector<std::string> SplitList(const std::string& text) {
  std::vector<std::string> parts;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

}  // namespace sluice
