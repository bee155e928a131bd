#include "cache/redis_failure.h"

#include "base/text.h"

namespace pgsidecar::cache {
namespace {

constexpr std::size_t kShownBytes = 160;

std::string_view FirstWord(std::string_view text) { return text.substr(0, text.find(' ')); }

}  // namespace

RedisFailure Classify(std::string_view error_reply) {
  const std::string_view code = FirstWord(error_reply);
  if (code == "NOAUTH" || code == "WRONGPASS" || code == "NOPERM") return RedisFailure::kAuth;
  if (code == "MOVED" || code == "ASK" || code == "CROSSSLOT" || code == "CLUSTERDOWN") {
    return RedisFailure::kCluster;
  }
  return RedisFailure::kRefused;
}

bool IsOutOfMemory(std::string_view error_reply) { return FirstWord(error_reply) == "OOM"; }

std::string ErrorWords(std::string_view error_reply) {
  // Redis quotes the arguments of commands it does not know behind the first quotation mark.
  const std::size_t quote = error_reply.find_first_of("'`\"");
  return PrintableText(error_reply.substr(0, quote), kShownBytes);
}

}  // namespace pgsidecar::cache
