#include "cache/log_event.h"

#include <algorithm>
#include <charconv>

namespace pgsidecar::cache {
namespace {

constexpr std::uint64_t kSequenceMax = (std::uint64_t{1} << kSequenceBits) - 1;
constexpr std::uint64_t kMsMax = (std::uint64_t{1} << (64 - kSequenceBits)) - 2;

constexpr std::string_view kKindField = "k";
constexpr std::string_view kScopeField = "c";
constexpr std::string_view kArgumentField = "v";
constexpr std::string_view kMarkName = "mark";
constexpr std::size_t kHashDigits = 16;
constexpr std::size_t kPatternMax = 256;
constexpr int kHex = 16;

template <class Number>
bool ReadNumber(std::string_view digits, Number& into, int base = 10) {
  const char* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, into, base);
  return failure == std::errc() && stop == end;
}

std::string HexDigits(std::uint64_t number) {
  std::array<char, kHashDigits> digits{};
  const auto [end, failure] =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, kHex);
  const std::string text(digits.data(), end);
  return std::string(kHashDigits - text.size(), '0') + text;
}

bool HasHash(EventKind kind) {
  return kind == EventKind::kKey || kind == EventKind::kTag || kind == EventKind::kTable;
}

/// False if this is not how we write the argument of such an event.
bool ReadArgument(std::string_view text, Event& event) {
  if (event.kind == EventKind::kPattern) {
    event.pattern = text;
    return !text.empty() && text.size() <= kPatternMax;
  }
  if (!HasHash(event.kind)) return text.empty();
  return text.size() == kHashDigits && ReadNumber(text, event.hash, kHex);
}

/// False if this is no event as we write it.
bool ReadEvent(const std::array<std::string_view, 3>& values, Event& event) {
  const auto [kind, doors, argument] = values;
  const auto found = std::find(kEventKindNames.begin(), kEventKindNames.end(), kind);
  std::uint8_t bits = 0;
  if (found == kEventKindNames.end() || !ReadNumber(doors, bits)) return false;
  event.kind = static_cast<EventKind>(found - kEventKindNames.begin());
  event.doors = DoorSet::FromBits(bits);
  return bits != 0 && event.doors.bits() == bits && ReadArgument(argument, event);
}

}  // namespace

LogFields LogFields::Mark() {
  LogFields fields;
  fields.kind_ = kMarkName;
  return fields;
}

LogFields::LogFields(const Event& event)
    : kind_(kEventKindNames[static_cast<std::size_t>(event.kind)]),
      doors_(std::to_string(event.doors.bits())) {
  if (event.kind == EventKind::kPattern) argument_ = event.pattern;
  if (HasHash(event.kind)) argument_ = HexDigits(event.hash);
}

std::array<std::string_view, 6> LogFields::Get() const {
  return {kKindField, kind_, kScopeField, doors_, kArgumentField, argument_};
}

std::optional<Event> ReadLogFields(RedisValue fields) {
  constexpr std::array<std::string_view, 3> kNames = {kKindField, kScopeField, kArgumentField};
  std::array<std::string_view, 3> values;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const auto found = std::find(kNames.begin(), kNames.end(), fields[i].text());
    if (found == kNames.end()) continue;
    values[static_cast<std::size_t>(found - kNames.begin())] = fields[i + 1].text();
  }
  if (values[0].empty() || values[0] == kMarkName) return std::nullopt;
  Event event;
  if (ReadEvent(values, event)) return event;
  return Event{.kind = EventKind::kAll};
}

std::string LogId::ToString() const { return std::to_string(ms) + "-" + std::to_string(seq); }

std::optional<LogId> ParseLogId(std::string_view text) {
  const std::size_t dash = text.find('-');
  LogId id;
  if (dash == std::string_view::npos || !ReadNumber(text.substr(0, dash), id.ms) ||
      !ReadNumber(text.substr(dash + 1), id.seq) || id.ms > kMsMax) {
    return std::nullopt;
  }
  return id;
}

std::uint64_t EventPosition(const LogId& id) {
  if (id.seq > kSequenceMax) return (id.ms + 1) << kSequenceBits;
  return (id.ms << kSequenceBits) | id.seq;
}

std::uint64_t ReadPosition(const LogId& id) {
  return (id.ms << kSequenceBits) | std::min(id.seq, kSequenceMax);
}

LogId NextLogId(std::uint64_t position) {
  const std::uint64_t next = position + 1;
  return {.ms = next >> kSequenceBits, .seq = next & kSequenceMax};
}

std::optional<std::vector<LogEntry>> ReadRange(RedisValue reply) {
  std::vector<LogEntry> entries;
  if (!reply.is_array()) return std::nullopt;
  for (std::size_t i = 0; i < reply.size(); ++i) {
    const RedisValue entry = reply[i];
    if (entry.size() != 2) return std::nullopt;
    const std::optional<LogId> id = ParseLogId(entry[0].text());
    if (!id) return std::nullopt;
    entries.push_back({.id = *id, .event = ReadLogFields(entry[1])});
  }
  return entries;
}

std::optional<std::vector<LogEntry>> ReadStream(RedisValue reply) {
  if (reply.is_nil()) return std::vector<LogEntry>();
  if (reply.size() != 1 || reply[0].size() != 2) return std::nullopt;
  return ReadRange(reply[0][1]);
}

}  // namespace pgsidecar::cache
