#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/event.h"
#include "cache/redis_codec.h"

namespace pgsidecar::cache {

/// The fields of a stream entry that carry an event, or a mark that says nothing but where the log
/// is. The argument is the hash in 16 hexadecimal digits, or the pattern.
class LogFields {
 public:
  static LogFields Mark();
  explicit LogFields(const Event& event);

  /// Names and values in turn; views into this.
  std::array<std::string_view, 6> Get() const;

 private:
  LogFields() = default;

  std::string_view kind_;
  std::string doors_;
  std::string argument_;
};

/// The event in the fields of a stream entry; nothing for a mark and for what is none of ours. What
/// is ours and not understood becomes the event that kills all: a newer sidecar meant something.
std::optional<Event> ReadLogFields(RedisValue fields);

/// The ID of a stream entry: milliseconds and a number within them.
struct LogId {
  std::uint64_t ms = 0;
  std::uint64_t seq = 0;

  auto operator<=>(const LogId&) const = default;
  std::string ToString() const;
};

std::optional<LogId> ParseLogId(std::string_view text);

inline constexpr int kSequenceBits = 20;

/// `ms << 20 | seq`. If more than 2^20 events fell into one millisecond the position is rounded:
/// for an event up, so that it kills what it may have to; for what was read down, so that nothing
/// looks newer than it is.
std::uint64_t EventPosition(const LogId& id);
std::uint64_t ReadPosition(const LogId& id);
/// The first ID whose position is above `position`.
LogId NextLogId(std::uint64_t position);

/// One entry of a stream.
struct LogEntry {
  LogId id;
  std::optional<Event> event;  ///< Nothing to invalidate.
};

/// The entries that XRANGE answered; nothing if that is no answer of XRANGE.
std::optional<std::vector<LogEntry>> ReadRange(RedisValue reply);
/// The entries that XREAD of one stream answered; none if it had none.
std::optional<std::vector<LogEntry>> ReadStream(RedisValue reply);

}  // namespace pgsidecar::cache
