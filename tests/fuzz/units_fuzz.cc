// Durations and sizes: what is accepted is in range and reads back from its shortest spelling.
#include "base/units.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsidecar;  // NOLINT
  const std::string_view text = fuzz::Text(data, size);
  const auto duration = ParseDuration(text);
  if (duration.ok()) {
    fuzz::Require(duration.value().count() >= 0);
    const auto again = ParseDuration(FormatDuration(duration.value()));
    // Beyond 2^53 ns (104 days) a number with decimals is not exact.
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    fuzz::Require(again.ok());
    fuzz::Require(again.value() == duration.value() || duration.value().count() > kExact);
  }
  const auto bytes = ParseBytes(text);
  if (bytes.ok()) {
    const auto again = ParseBytes(FormatBytes(bytes.value()));
    fuzz::Require(again.ok() && again.value() == bytes.value());
  }
  return 0;
}
