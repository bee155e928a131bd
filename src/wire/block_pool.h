#pragma once

#include <array>
#include <memory>
#include <vector>

namespace pgsidecar::wire {

/// As much as one read can bring.
constexpr std::size_t kWindowBytes = std::size_t{64} * 1024;

using Block = std::array<char, kWindowBytes>;
using BlockPtr = std::unique_ptr<Block>;

/// Blocks for bytes that a socket did not take. Keeps a few for the next time. Loop thread only.
class BlockPool {
 public:
  static constexpr std::size_t kSpareMax = 32;

  BlockPtr Take() {
    if (spare_.empty()) return BlockPtr(new Block);  // Not zeroed: every byte is written first.
    BlockPtr block = std::move(spare_.back());
    spare_.pop_back();
    return block;
  }
  void Give(BlockPtr block) {
    if (spare_.size() < kSpareMax) spare_.push_back(std::move(block));
  }

 private:
  std::vector<BlockPtr> spare_;
};

}  // namespace pgsidecar::wire
