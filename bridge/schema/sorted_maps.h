// A publisher that sends an event again may send its maps in another order (Go
// does). What is stored must be the same JSON all the same, or the retry would
// look like other content under a known id.
#pragma once

namespace google::protobuf {
class Message;
}

namespace sluice {

// Every map of a DynamicMessage in the order of its keys, each key once: the last
// that came, as parsers of maps have it. (Messages that are compiled in are left
// alone: they hold real maps.)
void SortMaps(google::protobuf::Message* message);

}  // namespace sluice
