#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "bench/fanout/broadcaster.h"
#include "bench/fanout/payload.h"
#include "bench/process/fail.h"
#include "bridge/event/event_id.h"
#include "bridge/event/sse_frame.h"

namespace sluice::bench {
namespace {

// As long as the bridge's.
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/event-stream\r\n"
    "Cache-Control: no-cache, no-transform\r\n"
    "Connection: keep-alive\r\n"
    "X-Accel-Buffering: no\r\n"
    "Transfer-Encoding: chunked\r\n"
    "\r\n";

struct Control {
  Control() { Must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), "socketpair"); }
  ~Control() {
    close(ends[0]);
    close(ends[1]);
  }
  int own() const { return ends[0]; }
  int server() const { return ends[1]; }
  int ends[2];
};

class BareLoop final : public Broadcaster {
 public:
  BareLoop(const std::string& program, int core)
      : process_({program, absl::StrCat(control_.server())}, core) {
    if (recv(control_.own(), &port_, sizeof(port_), 0) != sizeof(port_)) {
      Fail(absl::StrCat(program, " does not start"));
    }
    const std::string opening = MarkedNumber(0);
    Send(absl::StrCat(std::string(kHead), std::string(Frame("connect", opening).chunked())));
  }

  std::string_view name() const override { return "bare loop"; }
  const ServerProcess& process() const override { return process_; }
  uint16_t port() const override { return port_; }

  void Publish(std::span<const std::string> payloads) override {
    for (const std::string& payload : payloads) Send(Frame(kEventType, payload).chunked());
  }

 private:
  // The bytes that the bridge would send.
  SseFrame Frame(std::string_view type, std::string_view data) {
    const std::string id = FormatEventId({0x0123456789abcdef, ++offset_});
    return SseFrame({.event = type, .id = id, .data = data});
  }

  void Send(std::string_view bytes) {
    Must(static_cast<int>(send(control_.own(), bytes.data(), bytes.size(), MSG_NOSIGNAL)),
         "send to the bare loop");
  }

  Control control_;
  ServerProcess process_;
  uint16_t port_ = 0;
  Offset offset_ = 0;
};

}  // namespace

std::unique_ptr<Broadcaster> StartBareLoop(const std::string& program, int core) {
  return std::make_unique<BareLoop>(program, core);
}

}  // namespace sluice::bench
