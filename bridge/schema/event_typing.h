// What event a message is (proto/sluice/v1/annotations.proto): its type, whether
// it ends the stream, and which part of it is the data. Worked out once for each
// message type.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace google::protobuf {
class Descriptor;
}

namespace sluice {

struct EventTyping {
  // Of the message as a whole.
  std::string type;
  bool end_of_stream = false;

  // A field of the oneof that has `event_of_field`: it is the event when it is set.
  struct Member {
    int field_number = 0;
    std::string type;  // the field's name
    bool end_of_stream = false;
  };
  std::string oneof;            // its name; empty: none has the option
  std::vector<Member> members;  // by field number
};

// INVALID_ARGUMENT: an annotation that cannot be (two oneofs, a type with line
// breaks), naming the message.
absl::StatusOr<EventTyping> EventTypingOf(const google::protobuf::Descriptor& type);

// "acme.chat.v1.TokenAdded" or a type URL that ends in it: "token_added".
std::string EventTypeOfMessage(std::string_view type_name);

}  // namespace sluice
