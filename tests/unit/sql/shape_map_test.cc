#include "sql/shape_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace pgsidecar::sql {
namespace {

/// Inserts `key` like the index does: a new cell that nobody refers to.
Cell* Insert(ShapeMap& map, std::uint64_t key) {
  bool dropped = false;
  Cell* const cell = map.Insert(key, &dropped);
  if (cell != nullptr) cell->recent = false;
  return cell;
}

TEST(ShapeMap, FindsWhatANaiveMapFinds) {
  ShapeMap map;
  std::map<std::uint64_t, Cell*> naive;
  std::map<Cell*, std::uint64_t> key_of;
  std::mt19937_64 random(1);
  for (int i = 0; i < 60'000; ++i) {
    // Few distinct low bits, so that runs of slots are long and wrap around.
    const std::uint64_t key = (random() % 20'000) * 0x1'0000 + 0x3ff0 + random() % 64;
    Cell* const found = map.Find(key);
    const auto known = naive.find(key);
    ASSERT_EQ(found, known == naive.end() ? nullptr : known->second);
    if (found != nullptr) continue;
    Cell* const cell = Insert(map, key);
    ASSERT_NE(cell, nullptr);
    if (const auto former = key_of.find(cell); former != key_of.end()) naive.erase(former->second);
    naive[key] = cell;
    key_of[cell] = key;
  }
  EXPECT_EQ(map.size(), ShapeMap::kCellsMax);
  for (const auto& [key, cell] : naive) EXPECT_EQ(map.Find(key), cell);
}

TEST(ShapeMap, NeverDropsAReferencedOrPendingCell) {
  ShapeMap map;
  for (std::uint64_t key = 1; key <= ShapeMap::kCellsMax; ++key) {
    Cell* const cell = Insert(map, key);
    if (key % 2 == 0) cell->state = Cell::State::kPending;
    if (key % 2 == 1 && key > 1) cell->references = 1;
  }
  EXPECT_NE(Insert(map, 100'000), nullptr);
  EXPECT_EQ(map.Find(1), nullptr);
  map.Find(100'000)->references = 1;
  EXPECT_EQ(Insert(map, 100'001), nullptr);
  EXPECT_NE(map.Find(2), nullptr);
  EXPECT_NE(map.Find(3), nullptr);
}

TEST(ShapeMap, DropsWhatWasNotUsedOfLate) {
  ShapeMap map;
  for (std::uint64_t key = 1; key <= ShapeMap::kCellsMax; ++key) Insert(map, key)->recent = true;
  map.Find(5)->recent = false;
  Insert(map, 100'000);
  EXPECT_EQ(map.Find(5), nullptr);
  EXPECT_NE(map.Find(4), nullptr);
}

}  // namespace
}  // namespace pgsidecar::sql
