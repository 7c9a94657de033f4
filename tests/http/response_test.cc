#include "bridge/http/response.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(784111777);

TEST(Response, AnnouncesItsBody) {
  const Response response{.status = 404, .fields = {{"X-A", "b"}}, .body = "gone"};
  EXPECT_EQ(FormatResponse(response, {}, kNow),
            "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-A: b\r\n"
            "Content-Length: 4\r\n\r\ngone");
}

TEST(Response, LeavesTheBodyOutForHead) {
  const Response response{.body = "gone"};
  EXPECT_EQ(FormatResponse(response, {.head_only = true}, kNow),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 4\r\n\r\n");
}

TEST(Response, SaysWhenTheConnectionCloses) {
  EXPECT_EQ(FormatResponse({.status = 204}, {.keep_alive = false}, kNow),
            "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Connection: close\r\n\r\n");
}

TEST(Response, ChunksAStreamOnHttp11Only) {
  const Response stream{.stream = true};
  EXPECT_EQ(FormatHead(stream, {}, kNow),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(FormatHead(stream, {.http10 = true, .keep_alive = false}, kNow),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Connection: close\r\n\r\n");
}

}  // namespace
}  // namespace sluice
