// An event stream read as WHATWG HTML, section 9.2.6, says, line by line and
// without our encoder's help.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct DecodedEvent {
  std::string type = "message";
  std::string data;
  std::string last_event_id;
};

struct DecodedStream {
  std::vector<DecodedEvent> events;
  std::string last_event_id;         // after the last block
  std::optional<std::string> retry;  // digits
};

class EventStreamDecoder {
 public:
  static DecodedStream Decode(std::string_view bytes) {
    EventStreamDecoder decoder;
    while (!bytes.empty()) {
      const size_t end = bytes.find_first_of("\r\n");
      // A line that has not ended is not read.
      if (end == std::string_view::npos) break;
      decoder.Line(bytes.substr(0, end));
      bytes.remove_prefix(bytes.substr(end, 2) == "\r\n" ? end + 2 : end + 1);
    }
    return decoder.stream_;
  }

 private:
  void Line(std::string_view line) {
    if (line.empty()) return Dispatch();
    const size_t colon = line.find(':');
    if (colon == 0) return;
    std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    Field(line.substr(0, colon), value);
  }

  void Field(std::string_view name, std::string_view value) {
    if (name == "event") {
      type_ = value;
    } else if (name == "data") {
      data_.append(value).append("\n");
    } else if (name == "id" && value.find('\0') == value.npos) {
      id_ = value;
    } else if (name == "retry" && !value.empty() &&
               value.find_first_not_of("0123456789") == value.npos) {
      stream_.retry = value;
    }
  }

  void Dispatch() {
    stream_.last_event_id = id_;
    if (!data_.empty()) {
      data_.pop_back();
      stream_.events.push_back({type_.empty() ? "message" : type_, data_, id_});
    }
    type_.clear();
    data_.clear();
  }

  DecodedStream stream_;
  std::string type_;
  std::string data_;
  std::string id_;
};

}  // namespace sluice
