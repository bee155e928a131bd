#include "app/file_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace pgsidecar::app {
namespace {

/// Gives the process its limit back.
class FileLimit : public testing::Test {
 protected:
  FileLimit() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~FileLimit() override { setrlimit(RLIMIT_NOFILE, &before_); }

  rlimit before_{};
};

TEST_F(FileLimit, RaisesTheSoftLimitAsFarAsNeeded) {
  const rlimit low{300, before_.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  ASSERT_TRUE(EnsureFileLimit(100).ok());
  rlimit now{};
  getrlimit(RLIMIT_NOFILE, &now);
  EXPECT_EQ(now.rlim_cur, 328U);
  EXPECT_EQ(now.rlim_max, before_.rlim_max);
}

TEST_F(FileLimit, LeavesALimitThatIsHighEnough) {
  ASSERT_TRUE(EnsureFileLimit(1).ok());
  rlimit now{};
  getrlimit(RLIMIT_NOFILE, &now);
  EXPECT_EQ(now.rlim_cur, before_.rlim_cur);
}

TEST_F(FileLimit, NamesWhatIsPossible) {
  const Status status = EnsureFileLimit(2'000'000'000);
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.error().message.starts_with(
      "'2000000000' needs 4000000128 open files; allowed: at most "))
      << status.error().message;
}

}  // namespace
}  // namespace pgsidecar::app
