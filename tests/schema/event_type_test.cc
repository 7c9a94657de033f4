#include <gtest/gtest.h>

#include "bridge/schema/event_typing.h"

namespace sluice {
namespace {

TEST(EventTypeOfMessage, IsTheMessageNameInSnakeCase) {
  EXPECT_EQ(EventTypeOfMessage("acme.chat.v1.TokenAdded"), "token_added");
  EXPECT_EQ(EventTypeOfMessage("type.googleapis.com/acme.chat.v1.TokenAdded"), "token_added");
  EXPECT_EQ(EventTypeOfMessage("acme.Outer.Inner"), "inner");
  EXPECT_EQ(EventTypeOfMessage("Message"), "message");
  EXPECT_EQ(EventTypeOfMessage("acme.HTTPStatus"), "http_status");
  EXPECT_EQ(EventTypeOfMessage("acme.V2Event"), "v2_event");
  EXPECT_EQ(EventTypeOfMessage("acme.already_snake"), "already_snake");
  EXPECT_EQ(EventTypeOfMessage("acme.With_Underscore"), "with_underscore");
  EXPECT_EQ(EventTypeOfMessage("acme.URL"), "url");
  EXPECT_EQ(EventTypeOfMessage(""), "");
}

}  // namespace
}  // namespace sluice
