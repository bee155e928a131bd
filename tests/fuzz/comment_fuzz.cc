// Tag comments: no byte outside of the comment is read, malformed lists leave nothing behind.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sql/comment_tags.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsidecar::sql;
  constexpr std::size_t kMax = CommentCapture::kCapacity;
  const std::string_view comment(reinterpret_cast<const char*>(data), size < kMax ? size : kMax);
  CommentTags tags;
  const CommentTags::Outcome outcome = tags.Parse(comment);
  std::size_t decoded_bytes = 0;
  for (std::size_t i = 0; i < kTagKeys.size(); ++i) {
    decoded_bytes += tags.Get(static_cast<TagKey>(i)).size();
  }
  if (outcome != CommentTags::Outcome::kTags && decoded_bytes > 0) std::abort();
  if (decoded_bytes > comment.size()) std::abort();
  TraceContext trace;
  if (ParseTraceparent(tags.Get(TagKey::kTraceparent), &trace) != trace.present()) std::abort();
  if (ParseTraceparent(comment, &trace) && !trace.present()) std::abort();
  return 0;
}
