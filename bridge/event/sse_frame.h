// A block of an event stream (WHATWG HTML, section 9.2.5), encoded once and
// shared: the bytes as an HTTP/1.1 chunk (RFC 9112, section 7.1), of which an
// HTTP/1.0 client gets the inside.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// The fields of a block, in the order they are written.
struct SseFields {
  std::string_view comment = {};  // no CR, LF; written first when not empty
  std::string_view event = {};    // empty: no line; no CR, LF, NUL
  std::string_view id = {};       // empty: no line; no CR, LF, NUL
  std::optional<uint32_t> retry_ms = {};
  // LF begins a further `data:` line; a CR or CRLF counts as one LF.
  std::optional<std::string_view> data = {};
};

class SseFrame {
 public:
  SseFrame() = default;
  explicit SseFrame(const SseFields& fields);

  // With chunk header and trailer.
  std::string_view chunked() const { return bytes_; }
  // The block alone.
  std::string_view plain() const {
    return std::string_view(bytes_).substr(header_bytes_, bytes_.size() - header_bytes_ - 2);
  }
  std::string_view bytes(bool as_chunk) const { return as_chunk ? chunked() : plain(); }

 private:
  std::string bytes_;
  uint32_t header_bytes_ = 0;
};

using FramePtr = std::shared_ptr<const SseFrame>;

// The chunk that ends a chunked response.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace sluice
