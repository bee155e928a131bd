#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "sql/cell.h"

namespace pgsidecar::sql {

/// From keys to cells: open addressing over at most 8 192 cells. Loop thread only.
class ShapeMap {
 public:
  static constexpr std::size_t kCellsMax = 8192;

  ShapeMap() : slots_(kSlots) {}

  /// The cell of `key`, or null. Keys are hashes already.
  Cell* Find(std::uint64_t key) {
    for (std::size_t at = key & kMask;; at = (at + 1) & kMask) {
      Cell* const cell = slots_[at];
      if (cell == nullptr || cell->key == key) return cell;
    }
  }
  /// A cell for `key`, which must not be in the map. `dropped`: set if it was taken from another
  /// key; its place must be released. Null if every cell is referenced or pending.
  Cell* Insert(std::uint64_t key, bool* dropped);

  std::size_t size() const { return cells_.size(); }
  std::deque<Cell>& cells() { return cells_; }

 private:
  static constexpr std::size_t kSlots = 2 * kCellsMax;
  static constexpr std::size_t kMask = kSlots - 1;

  Cell* FindVictim();
  void Unlink(const Cell& cell);

  std::vector<Cell*> slots_;
  std::deque<Cell> cells_;  ///< Never shrinks: addresses are stable.
  std::size_t hand_ = 0;
};

}  // namespace pgsidecar::sql
