#include "base/ref.h"

#include <gtest/gtest.h>

namespace pgsidecar {
namespace {

struct Record : Referenced {
  int value = 7;
};

TEST(Ref, CountsWhoHoldsTheRecord) {
  Record record;
  {
    const Ref<Record> first(&record);
    EXPECT_EQ(record.references, 1U);
    const Ref<Record> second = first;
    EXPECT_EQ(record.references, 2U);
    EXPECT_EQ(second->value, 7);
  }
  EXPECT_EQ(record.references, 0U);
}

TEST(Ref, MovesWithoutCounting) {
  Record record;
  Ref<Record> first(&record);
  const Ref<Record> second = std::move(first);
  EXPECT_EQ(record.references, 1U);
  EXPECT_EQ(second.get(), &record);
}

TEST(Ref, AssignmentLetsGoOfTheFormerRecord) {
  Record a;
  Record b;
  Ref<Record> ref(&a);
  ref = Ref<Record>(&b);
  EXPECT_EQ(a.references, 0U);
  EXPECT_EQ(b.references, 1U);
  ref = Ref<Record>(ref);
  EXPECT_EQ(b.references, 1U);
  ref.reset();
  EXPECT_EQ(b.references, 0U);
  EXPECT_FALSE(ref);
}

TEST(Ref, MayHoldNothing) {
  const Ref<Record> nothing(nullptr);
  EXPECT_FALSE(nothing);
  EXPECT_FALSE(Ref<Record>(nothing));
}

}  // namespace
}  // namespace pgsidecar
