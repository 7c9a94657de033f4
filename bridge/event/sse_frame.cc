#include "bridge/event/sse_frame.h"

#include <array>
#include <charconv>

#include "absl/strings/str_replace.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

// "ffffffff\r\n"
constexpr size_t kChunkHeaderBytesMax = 10;

void AppendLine(std::string& out, std::string_view field, std::string_view value) {
  out.append(field).append(value).push_back('\n');
}

void AppendNumber(std::string& out, std::string_view field, uint32_t value) {
  std::array<char, 10> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  AppendLine(out, field, {digits.data(), static_cast<size_t>(end - digits.data())});
}

// The line ends of the standard: CRLF, LF, or CR alone. (Two searches for one
// byte each are ten times faster than one for either.)
void AppendData(std::string& out, std::string_view data) {
  if (data.find('\r') != std::string_view::npos) {
    return AppendData(out, absl::StrReplaceAll(AsAbsl(data), {{"\r\n", "\n"}, {"\r", "\n"}}));
  }
  for (size_t end; (end = data.find('\n')) != std::string_view::npos;) {
    AppendLine(out, "data: ", data.substr(0, end));
    data.remove_prefix(end + 1);
  }
  AppendLine(out, "data: ", data);
}

}  // namespace

SseFrame::SseFrame(const SseFields& fields) {
  constexpr size_t kNamesAndLineEnds = 64;
  std::string block(kChunkHeaderBytesMax, '\0');
  block.reserve(kChunkHeaderBytesMax + kNamesAndLineEnds + fields.comment.size() +
                fields.event.size() + fields.id.size() + (fields.data ? fields.data->size() : 0));
  if (!fields.comment.empty()) AppendLine(block, ": ", fields.comment);
  if (!fields.event.empty()) AppendLine(block, "event: ", fields.event);
  if (!fields.id.empty()) AppendLine(block, "id: ", fields.id);
  if (fields.retry_ms) AppendNumber(block, "retry: ", *fields.retry_ms);
  if (fields.data) AppendData(block, *fields.data);
  block.push_back('\n');

  // The chunk's size is known only now; it is written right before the block.
  std::array<char, kChunkHeaderBytesMax> header;
  const size_t size = block.size() - kChunkHeaderBytesMax;
  char* end = std::to_chars(header.data(), header.data() + 8, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  header_bytes_ = static_cast<uint32_t>(end - header.data());
  block.replace(0, kChunkHeaderBytesMax, header.data(), header_bytes_);
  block.append("\r\n");
  bytes_ = std::move(block);
}

}  // namespace sluice
