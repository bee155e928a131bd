#include "executor/notify_listener.h"

#include <gtest/gtest.h>

namespace pgsidecar::executor {
namespace {

TEST(Notice, IsOneOfFourKinds) {
  struct Case {
    const char* payload;
    NoticeKind kind;
    const char* argument;
  };
  const Case cases[] = {
      {"table:public.users", NoticeKind::kTable, "table:public.users"},
      {"table:\"public\".\"Users\"", NoticeKind::kTable, "table:public.\"Users\""},
      {"tag:user:42", NoticeKind::kTag, "user:42"},
      {"key:user:*", NoticeKind::kKey, "user:*"},
      {"pattern:user:*", NoticeKind::kPattern, "user:*"},
  };
  for (const auto& [payload, kind, argument] : cases) {
    const Notice notice = ReadNotice(payload);
    EXPECT_EQ(notice.kind, kind) << payload;
    EXPECT_EQ(notice.argument, argument);
  }
}

TEST(Notice, IsUnknownOtherwise) {
  for (const std::string& payload :
       {std::string(), std::string("users"), std::string("table:"), std::string("table:users"),
        std::string("table:a.b.c"), std::string("table:\"a.b"), std::string("tag:"),
        std::string("TAG:x"), std::string(" tag:x"), "tag:" + std::string(257, 'x')}) {
    EXPECT_EQ(ReadNotice(payload).kind, NoticeKind::kUnknown) << payload;
  }
}

}  // namespace
}  // namespace pgsidecar::executor
