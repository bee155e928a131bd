#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pgsidecar::sql {

/// Keeps the first and the last comment of a statement, up to 2 KiB each, without the delimiters.
class CommentCapture {
 public:
  static constexpr std::size_t kCapacity = 2048;

  void Clear() { count_ = 0; }
  void Begin() {
    ++count_;
    current().length = 0;
  }
  void Add(std::string_view piece) {
    Slot& slot = current();
    const std::size_t room = slot.length < kCapacity ? kCapacity - slot.length : 0;
    std::memcpy(slot.text.data() + (kCapacity - room), piece.data(),
                piece.size() < room ? piece.size() : room);
    slot.length += piece.size();
  }
  /// `trailer`: how many of the last bytes belong to the closing delimiter.
  void End(std::size_t trailer) { current().length -= trailer; }

  /// How many were kept: 0, 1 or 2.
  std::size_t size() const { return count_ < 2 ? count_ : 2; }
  std::string_view operator[](std::size_t i) const {
    const Slot& slot = slots_[i];
    return {slot.text.data(), too_long(i) ? kCapacity : slot.length};
  }
  bool too_long(std::size_t i) const { return slots_[i].length > kCapacity; }

 private:
  struct Slot {
    std::size_t length = 0;
    std::array<char, kCapacity> text;
  };
  Slot& current() { return slots_[count_ < 2 ? 0 : 1]; }

  std::size_t count_ = 0;
  std::array<Slot, 2> slots_;
};

}  // namespace pgsidecar::sql
