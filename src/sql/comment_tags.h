#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sql/comment_capture.h"
#include "sql/statement_index.h"

namespace pgsidecar::sql {

/// The keys of sqlcommenter that mean something here; all others are skipped.
enum class TagKey : std::uint8_t {
  kAction,
  kRoute,
  kController,
  kFramework,
  kApplication,
  kDbDriver,
  kTraceparent,
  kTracestate,
};

constexpr std::array<std::string_view, 8> kTagKeys = {"action",      "route",       "controller",
                                                      "framework",   "application", "db_driver",
                                                      "traceparent", "tracestate"};

/// The pairs of one comment, URL-decoded. No allocation; views are valid as long as the object.
class CommentTags {
 public:
  enum class Outcome : std::uint8_t { kNoTags, kTags, kMalformed };

  CommentTags() = default;
  CommentTags(const CommentTags&) = delete;
  CommentTags& operator=(const CommentTags&) = delete;

  /// Reads `key='url-encoded'` pairs, separated by commas. A comment that does not begin like one
  /// holds no tags; a malformed one is dropped as a whole.
  Outcome Parse(std::string_view comment);
  /// Empty if the key is absent.
  std::string_view Get(TagKey key) const { return values_[static_cast<std::size_t>(key)]; }

 private:
  bool ParsePair(std::string_view* rest);
  std::optional<std::string_view> Decode(std::string_view* rest);

  std::array<std::string_view, kTagKeys.size()> values_{};
  std::size_t used_ = 0;
  std::array<char, CommentCapture::kCapacity> decoded_;
};

std::optional<TagKey> FindTagKey(std::string_view name);

/// Reads a W3C `traceparent`: any version but ff, ids that are not zero. Returns false and leaves
/// `trace` alone if it is not one.
bool ParseTraceparent(std::string_view text, TraceContext* trace);

}  // namespace pgsidecar::sql
