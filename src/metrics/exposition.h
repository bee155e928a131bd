#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// A page of metrics, ready to be sent.
struct Exposition {
  std::string body;
  std::string content_type;
  bool gzip = false;  ///< `body` is compressed; say so in Content-Encoding.
};

enum class Format : std::uint8_t { kText, kOpenMetrics };

/// The format an `Accept` header asks for, by RFC 9110 section 12.5.1; text when in doubt.
Format NegotiateFormat(std::string_view accept);
/// Whether an `Accept-Encoding` header allows gzip (RFC 9110 section 12.5.3).
bool AcceptsGzip(std::string_view accept_encoding);

/// Collects, sorts and serialises everything in `registry`. Thread-safe; holds only the library's
/// mutexes, and those while copying.
Exposition Expose(Registry& registry, std::string_view accept, std::string_view accept_encoding);

/// docs/metrics.md: a table per module, one row per declaration.
struct Section {
  std::string_view title;
  std::vector<Declaration> declarations;
};
std::string DescribeMetrics(const std::vector<Section>& sections);

}  // namespace pgsidecar::metrics
