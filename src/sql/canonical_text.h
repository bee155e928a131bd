#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "sql/char_class.h"

namespace pgsidecar::sql {

/// Deepest nesting of lists that are folded.
constexpr std::size_t kListsMax = 16;

/// The canonical text of one statement while it is printed: a block of 16 KiB. Bytes beyond it are
/// counted, not kept. Can be cut back to a mark, since elements of a list are printed before it is
/// known whether they repeat the one before.
class CanonicalText {
 public:
  static constexpr std::size_t kCapacity = std::size_t{16} * 1024;

  void Clear() { length_ = parameters_ = 0; }

  void Append(std::string_view text) {
    const std::size_t room = length_ < kCapacity ? kCapacity - length_ : 0;
    std::memcpy(data_.data() + (kCapacity - room), text.data(),
                text.size() < room ? text.size() : room);
    length_ += text.size();
  }
  void Append(char c) {
    if (length_ < kCapacity) data_[length_] = c;
    ++length_;
  }
  /// Appends a piece of an unquoted word in lower case.
  void AppendFolded(std::string_view word) {
    for (const char c : word) {
      Append(static_cast<char>(kWordFold[static_cast<std::uint8_t>(c)]));
    }
  }
  /// Appends the next `$n`.
  void AppendParameter() {
    std::array<char, 12> text{'$'};
    const auto end = std::to_chars(text.data() + 1, text.data() + text.size(), ++parameters_).ptr;
    Append(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
  }
  /// Puts what was appended from `offset` on in upper case (ASCII only).
  void RaiseFrom(std::size_t offset) {
    for (std::size_t i = offset; i < length_ && i < kCapacity; ++i) {
      if (data_[i] >= 'a' && data_[i] <= 'z') data_[i] = static_cast<char>(data_[i] & ~0x20);
    }
  }
  void CutTo(std::size_t length) { length_ = length; }

  /// Remembers this place as the start of the current element of list number `list`.
  void Mark(std::size_t list) { marks_[list] = {length_, parameters_}; }
  void CutToMark(std::size_t list) {
    length_ = marks_[list].length;
    parameters_ = marks_[list].parameters;
  }

  std::size_t length() const { return length_; }
  bool too_long() const { return length_ > kCapacity; }
  /// What was kept.
  std::string_view view() const { return {data_.data(), too_long() ? kCapacity : length_}; }

 private:
  struct Place {
    std::size_t length = 0;
    std::uint32_t parameters = 0;
  };

  std::size_t length_ = 0;
  std::uint32_t parameters_ = 0;
  std::array<Place, kListsMax> marks_;
  std::array<char, kCapacity> data_;
};

}  // namespace pgsidecar::sql
