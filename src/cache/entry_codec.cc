#include "cache/entry_codec.h"

#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

namespace pgsidecar::cache {
namespace {

constexpr std::string_view kMagic = "pgsc";
constexpr std::size_t kChecksumBytes = 16;

template <class T>
void AppendNumber(std::string& bytes, T number) {
  static_assert(std::is_integral_v<T>);
  char raw[sizeof(T)];
  std::memcpy(raw, &number, sizeof(T));
  bytes.append(raw, sizeof(T));
}

void AppendBytes(std::string& to, std::string_view bytes) {
  AppendNumber(to, static_cast<std::uint32_t>(bytes.size()));
  to.append(bytes);
}

void AppendHash(std::string& to, const Hash128& hash) {
  AppendNumber(to, hash.low);
  AppendNumber(to, hash.high);
}

/// Reads from the front. After the first thing that is not there, everything is zero or empty and
/// ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T Number() {
    T number = 0;
    const std::string_view raw = Take(sizeof(T));
    if (raw.size() == sizeof(T)) std::memcpy(&number, raw.data(), sizeof(T));
    return number;
  }
  std::string_view Bytes(std::size_t limit = std::numeric_limits<std::uint32_t>::max()) {
    const std::size_t length = Number<std::uint32_t>();
    if (length > limit) ok_ = false;
    return Take(length);
  }
  std::string_view Take(std::size_t length) {
    if (!ok_ || length > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    return taken;
  }
  void Require(bool holds) { ok_ = ok_ && holds; }
  bool at_end() const { return ok_ && bytes_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

bool IsDuration(Nanos nanos) {
  constexpr Nanos kLongest = Nanos{10} * 365 * 24 * 3600 * kNanosPerSecond;
  return nanos >= 0 && nanos <= kLongest;
}

void ReadTimes(Reader& reader, Entry& entry) {
  entry.position = reader.Number<Position>();
  entry.fill_cost = reader.Number<Nanos>();
  entry.lifetime.ttl = reader.Number<Nanos>();
  entry.lifetime.stale_while_revalidate = reader.Number<Nanos>();
  entry.lifetime.stale_if_error = reader.Number<Nanos>();
  reader.Require(IsDuration(entry.fill_cost) && IsDuration(entry.lifetime.ttl) &&
                 IsDuration(entry.lifetime.stale_while_revalidate) &&
                 IsDuration(entry.lifetime.stale_if_error));
}

void ReadTexts(Reader& reader, Entry& entry) {
  entry.name = reader.Bytes(kNameBytesMax);
  const auto tags = reader.Number<std::uint32_t>();
  reader.Require(tags <= kTagsMax);
  for (std::uint32_t i = 0; reader.ok() && i < tags; ++i) {
    entry.tags.emplace_back(reader.Bytes(kTagBytesMax));
  }
  entry.head = reader.Bytes();
  entry.body = reader.Bytes();
}

}  // namespace

std::string EncodeEntry(const Entry& entry, std::int64_t stored_at_unix_ms, const KeySpace& keys) {
  std::string bytes;
  bytes.reserve(entry.charge_bytes() + kEntryOverheadBytes);
  bytes.append(kMagic);
  AppendNumber(bytes, kEntryVersion);
  AppendNumber(bytes, static_cast<std::uint8_t>(entry.door));
  AppendNumber(bytes, entry.flags);
  AppendHash(bytes, entry.key);
  AppendNumber(bytes, stored_at_unix_ms);
  AppendNumber(bytes, entry.position);
  AppendNumber(bytes, entry.fill_cost);
  AppendNumber(bytes, entry.lifetime.ttl);
  AppendNumber(bytes, entry.lifetime.stale_while_revalidate);
  AppendNumber(bytes, entry.lifetime.stale_if_error);
  AppendBytes(bytes, entry.name);
  AppendNumber(bytes, static_cast<std::uint32_t>(entry.tags.size()));
  for (const std::string& tag : entry.tags) AppendBytes(bytes, tag);
  AppendBytes(bytes, entry.head);
  AppendBytes(bytes, entry.body);
  AppendHash(bytes, keys.Checksum(bytes));
  return bytes;
}

Result<DecodedEntry> DecodeEntry(std::string_view bytes, const EntryKey& key,
                                 const KeySpace& keys) {
  // Version before checksum: a value of another version is not damaged.
  Reader reader(bytes);
  if (reader.Take(kMagic.size()) != kMagic) return Error{"not an entry"};
  const auto version = reader.Number<std::uint8_t>();
  if (!reader.ok()) return Error{"the entry is cut"};
  if (version != kEntryVersion) {
    return Error{"the entry has version " + std::to_string(version)};
  }
  if (bytes.size() < kChecksumBytes) return Error{"the entry is cut"};
  const std::string_view checked = bytes.substr(0, bytes.size() - kChecksumBytes);
  Reader tail(bytes.substr(checked.size()));
  Hash128 checksum;
  checksum.low = tail.Number<std::uint64_t>();
  checksum.high = tail.Number<std::uint64_t>();
  if (keys.Checksum(checked) != checksum) return Error{"the entry's checksum is wrong"};

  DecodedEntry decoded;
  Entry& entry = decoded.entry;
  reader = Reader(checked.substr(kMagic.size() + 1));
  const auto door = reader.Number<std::uint8_t>();
  reader.Require(door < kDoors);
  entry.door = static_cast<Door>(door);
  entry.flags = reader.Number<std::uint32_t>();
  entry.key.low = reader.Number<std::uint64_t>();
  entry.key.high = reader.Number<std::uint64_t>();
  if (entry.key != key) return Error{"the entry belongs to another key"};
  decoded.stored_at_unix_ms = reader.Number<std::int64_t>();
  ReadTimes(reader, entry);
  ReadTexts(reader, entry);
  if (!reader.at_end()) return Error{"the entry's lengths are wrong"};
  entry.SetHashes(keys);
  return decoded;
}

}  // namespace pgsidecar::cache
