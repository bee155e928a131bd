// Moments of the read API: what is accepted can be written as seconds and reads as the same moment.
#include <cstdio>

#include "admin/timestamp.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsidecar;  // NOLINT
  constexpr Nanos kDay = 86'400 * kNanosPerSecond;
  const std::string_view text = fuzz::Text(data, size);
  const auto moment = admin::ParseTimestamp(text);
  if (!moment) return 0;
  fuzz::Require(text.front() >= '0' && text.front() <= '9');
  fuzz::Require(*moment > -kDay);  // An offset can reach before 1970.
  if (*moment < 0) return 0;
  char seconds[64];
  std::snprintf(seconds, sizeof(seconds), "%lld.%09lld",
                static_cast<long long>(*moment / kNanosPerSecond),
                static_cast<long long>(*moment % kNanosPerSecond));
  fuzz::Require(admin::ParseTimestamp(seconds) == moment);
  return 0;
}
