#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace pgsidecar::metrics {

/// Appends whole lines to a file or to standard error. One thread only.
class LineWriter {
 public:
  /// `path` is `stderr` or a file, which is created (mode 0640) if it is missing. The error names
  /// the path and the reason.
  static Result<LineWriter> Open(const std::string& path);

  /// Writes `line` and a newline. Waits at most `patience` for a reader that does not read.
  /// A line that was cut short is closed before the next one, so that lines never run together.
  bool Write(const std::string& line, std::chrono::milliseconds patience);

 private:
  explicit LineWriter(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  bool torn_ = false;
};

}  // namespace pgsidecar::metrics
