#include "bridge/http/request_line.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(PublicTarget, HoldsNeitherCredentialsNorWhereAClientResumes) {
  const std::vector<std::string> removed = {"token", "access"};
  const struct {
    const char* target;
    const char* shown;
  } rows[] = {
      {"/a", "/a"},
      {"/a?", "/a"},
      {"/a?kind=typing", "/a?kind=typing"},
      {"/a?token=secret", "/a"},
      {"/a?x=1&token=secret&y=2", "/a?x=1&y=2"},
      {"/a?token=secret&token=other", "/a"},
      {"/a?%74oken=secret&tok%65n=secret", "/a"},
      {"/a?token", "/a"},
      {"/a?x&&y", "/a?x&y"},
      {"/a?access=secret&last_event_id=1-2&lastEventId=1-2&x=1", "/a?x=1"},
      {"/a?Token=t", "/a?Token=t"},
      {"/a%2Fb?x=%26token%3Dt&+=1", "/a%2Fb?x=%26token%3Dt&+=1"},
      {"/a?x=token=t", "/a?x=token=t"},
      {"/a?%zz=secret", "/a"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(PublicTarget(row.target, removed), row.shown) << row.target;
}

TEST(RequestLine, SaysMethodPathHostAndScheme) {
  RequestHead head;
  head.method = "GET";
  head.target = "/a?x=1&token=secret";
  head.fields = {{"host", "app.example:8080"}};
  const RequestLine line = RequestLineOf(head, true, {"token"}).value();
  EXPECT_EQ(line.method, "GET");
  EXPECT_EQ(line.path, "/a?x=1");
  EXPECT_EQ(line.host, "app.example:8080");
  EXPECT_EQ(line.scheme, "https");
  EXPECT_EQ(RequestLineOf(head, false, {}).value().scheme, "http");
  head.target = "/\xff";
  EXPECT_FALSE(RequestLineOf(head, false, {}));
}

}  // namespace
}  // namespace sluice
