// Accept and Accept-Encoding headers of a scrape: never fails, and never answers with something
// that the header does not mention.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "metrics/exposition.h"

namespace {

/// ASCII only, whatever the locale.
std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

bool Mentions(const std::string& header, std::string_view what) {
  return header.find(what) != std::string::npos || header.find('*') != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  using pgsidecar::metrics::Format;
  const std::string header(reinterpret_cast<const char*>(data), size_bytes);
  const std::string lower = Lower(header);
  const Format format = pgsidecar::metrics::NegotiateFormat(header);
  if (format == Format::kOpenMetrics && !Mentions(lower, "application/openmetrics-text")) abort();
  if (pgsidecar::metrics::AcceptsGzip(header) && !Mentions(lower, "gzip")) abort();
  return 0;
}
