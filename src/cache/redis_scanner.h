#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pgsidecar::cache {

/// What a reply of Redis may have. hiredis itself takes lengths up to 512 MB and more.
struct RedisLimits {
  std::size_t bulk_bytes = std::size_t{1} << 20;   ///< Of one bulk string.
  std::size_t elements = 4096;                     ///< Of one array.
  std::size_t line_bytes = std::size_t{64} << 10;  ///< Of a status, an error or a number.
  std::size_t depth = 7;                           ///< Arrays within arrays; hiredis takes 7.
};

/// Walks over RESP2 framing and refuses what is out of bounds, before a parser that allocates by
/// the lengths it reads. Holds a few bytes of state whatever it is fed. Touches no socket.
class RedisScanner {
 public:
  explicit RedisScanner(const RedisLimits& limits) : limits_(limits) {}

  /// Takes the next bytes; they may end anywhere. After an error it is of no more use.
  Status Feed(std::string_view bytes);
  /// The bytes so far end behind a whole reply.
  bool at_boundary() const { return state_ == State::kType && open_.empty(); }

 private:
  enum class State : std::uint8_t { kType, kLine, kLineEnd, kBulk, kBulkEnd };

  Status TakeType(char type);
  Status TakeLineByte(char c);
  /// The line is complete: what it announces.
  Status TakeLine();
  Status TakeBulkLength(std::int64_t length);
  Status TakeArrayLength(std::int64_t length);
  Result<std::int64_t> ReadLength(std::string_view what) const;
  void EndElement();

  const RedisLimits limits_;
  State state_ = State::kType;
  char type_ = 0;
  std::string line_;  ///< Of a length or number; at most 21 bytes.
  std::size_t line_bytes_ = 0;
  std::size_t bulk_left_ = 0;
  std::size_t end_seen_ = 0;       ///< Bytes seen of the CR LF behind a bulk string.
  std::vector<std::size_t> open_;  ///< Elements still to come, of each array we are in.
};

}  // namespace pgsidecar::cache
