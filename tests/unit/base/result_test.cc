#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace pgsidecar {
namespace {

TEST(Result, HoldsAValue) {
  Result<int> result = 5;
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value(), 5);
  result.value() = 6;
  EXPECT_EQ(result.value(), 6);
}

TEST(Result, HoldsAnError) {
  const Result<int> result = Error{"'x' is wrong"};
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "'x' is wrong");
}

TEST(Result, TellsAnErrorFromATextValue) {
  const Result<std::string> result = std::string("fine");
  EXPECT_TRUE(result.ok());
}

TEST(Result, GivesAwayAValueThatOnlyMoves) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 3);
}

TEST(Status, IsSuccessUnlessGivenAnError) {
  EXPECT_TRUE(Status().ok());
  const Status failed = Error{"no"};
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "no");
}

}  // namespace
}  // namespace pgsidecar
