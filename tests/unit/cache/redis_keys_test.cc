#include "cache/redis_keys.h"

#include <gtest/gtest.h>

namespace pgsidecar::cache {
namespace {

TEST(RedisKeys, OnlyControlKeysCarryAHashTag) {
  const RedisKeys keys("pgsc.", "shop");
  EXPECT_EQ(keys.log(), "{pgsc.shop}.log");
  EXPECT_EQ(keys.generation(), "{pgsc.shop}.gen");
  EXPECT_EQ(keys.Entry("0123456789abcdef", 7, {.low = 0, .high = 0}),
            "pgsc.shop.01234567.7." + std::string(32, '0'));
}

TEST(RedisKeys, EachPartTellsEntriesApart) {
  const RedisKeys keys("pgsc.", "shop");
  const EntryKey key{.low = 1, .high = 2};
  const std::string name = keys.Entry("01234567", 7, key);
  EXPECT_NE(name, keys.Entry("01234568", 7, key));
  EXPECT_NE(name, keys.Entry("01234567", 8, key));
  EXPECT_NE(name, keys.Entry("01234567", 7, {.low = 1, .high = 3}));
  EXPECT_NE(name, RedisKeys("pgsc.", "other").Entry("01234567", 7, key));
}

}  // namespace
}  // namespace pgsidecar::cache
