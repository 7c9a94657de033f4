#include "bridge/relay/resume_field.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

namespace sluice {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

std::optional<std::string> FindStringField(std::string_view message, int number) {
  const uint32_t wanted =
      WireFormatLite::MakeTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  CodedInputStream in(reinterpret_cast<const uint8_t*>(message.data()),
                      static_cast<int>(message.size()));
  std::optional<std::string> found;
  while (const uint32_t tag = in.ReadTag()) {
    if (tag != wanted) {
      if (!WireFormatLite::SkipField(&in, tag)) break;
      continue;
    }
    std::string value;
    if (!WireFormatLite::ReadBytes(&in, &value)) break;
    found = std::move(value);
  }
  return found;
}

void AddStringField(int number, std::string_view value, std::string* message) {
  uint8_t head[2 * 5];
  uint8_t* end = CodedOutputStream::WriteTagToArray(
      WireFormatLite::MakeTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED), head);
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(value.size()), end);
  message->append(reinterpret_cast<const char*>(head), static_cast<size_t>(end - head));
  message->append(value);
}

}  // namespace sluice
