#include "wire/trace_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

namespace pgsidecar::wire {
namespace {

sql::TraceContext Context(char digit) {
  sql::TraceContext context;
  std::memset(context.trace_id, digit, 32);
  std::memset(context.span_id, digit, 16);
  return context;
}

TEST(TracePool, KeepsNothingWithoutATrace) {
  TracePool pool;
  EXPECT_FALSE(pool.Keep({}));
}

TEST(TracePool, UsesARecordAgainOnlyWhenNobodyRefersToIt) {
  TracePool pool;
  std::vector<Ref<Referenced>> kept;
  std::set<const Referenced*> places;
  for (int i = 0; i < 100; ++i) {
    kept.push_back(pool.Keep(Context('a')));
    places.insert(kept.back().get());
  }
  EXPECT_EQ(places.size(), 100U);
  kept.clear();
  for (int i = 0; i < 1000; ++i) places.insert(pool.Keep(Context('b')).get());
  EXPECT_EQ(places.size(), 100U);
}

TEST(TracePool, HasABound) {
  TracePool pool;
  std::vector<Ref<Referenced>> kept;
  for (std::size_t i = 0; i < TracePool::kRecordsMax; ++i) kept.push_back(pool.Keep(Context('a')));
  EXPECT_FALSE(pool.Keep(Context('a')));
}

}  // namespace
}  // namespace pgsidecar::wire
