#include "sql/shape_map.h"

namespace pgsidecar::sql {

Cell* ShapeMap::Insert(std::uint64_t key, bool* dropped) {
  *dropped = cells_.size() == kCellsMax;
  Cell* const cell = *dropped ? FindVictim() : &cells_.emplace_back();
  if (cell == nullptr) return nullptr;
  if (*dropped) Unlink(*cell);
  cell->key = key;
  std::size_t at = key & kMask;
  while (slots_[at] != nullptr) at = (at + 1) & kMask;
  slots_[at] = cell;
  return cell;
}

/// CLOCK: the first cell that was not used since the hand passed it last. Two rounds find one if
/// there is any.
Cell* ShapeMap::FindVictim() {
  for (std::size_t step = 0; step < 2 * kCellsMax; ++step) {
    Cell& cell = cells_[hand_];
    hand_ = (hand_ + 1) % kCellsMax;
    if (cell.references > 0 || cell.state == Cell::State::kPending) continue;
    if (!cell.recent) return &cell;
    cell.recent = false;
  }
  return nullptr;
}

/// Takes a cell out and moves up those behind it that stand off their slot.
void ShapeMap::Unlink(const Cell& cell) {
  std::size_t hole = cell.key & kMask;
  while (slots_[hole] != &cell) hole = (hole + 1) & kMask;
  for (std::size_t at = (hole + 1) & kMask; slots_[at] != nullptr; at = (at + 1) & kMask) {
    const std::size_t home = slots_[at]->key & kMask;
    if (((at - home) & kMask) < ((at - hole) & kMask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = nullptr;
}

}  // namespace pgsidecar::sql
