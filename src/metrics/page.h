#pragma once

#include <cstddef>
#include <string>

#include "metrics/page_format.h"

namespace pgsidecar::metrics {

/// A page before compression.
struct Page {
  std::string body;
  std::size_t samples = 0;
};

/// Copies every series of `registry`, sorts and writes it. Thread-safe.
Page WritePage(Registry& registry, const PageFormat& format);

}  // namespace pgsidecar::metrics
