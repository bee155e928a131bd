#include "metrics/line_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace pgsidecar::metrics {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A pipe that polls writable takes this much without blocking.
constexpr std::size_t kChunkBytes = PIPE_BUF;
constexpr mode_t kMode = 0640;

bool WaitWritable(int fd, steady_clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    pollfd wanted{fd, POLLOUT, 0};
    const int ready = poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Result<LineWriter> LineWriter::Open(const std::string& path) {
  const bool standard_error = path == "stderr";
  const int fd =
      standard_error
          ? ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
          : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode);
  if (fd < 0) {
    return Error{"cannot open the slow query log " + path + ": " +
                 std::generic_category().message(errno)};
  }
  return LineWriter(UniqueFd(fd));
}

bool LineWriter::Write(const std::string& line, milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  const std::string text = (torn_ ? "\n" : "") + line + "\n";
  std::string_view rest = text;
  while (!rest.empty()) {
    const bool writable = WaitWritable(fd_.get(), deadline);
    const ssize_t written =
        writable ? ::write(fd_.get(), rest.data(), std::min(rest.size(), kChunkBytes)) : -1;
    if (written < 0 && writable && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (rest.size() < text.size()) torn_ = !rest.empty();
  return rest.empty();
}

}  // namespace pgsidecar::metrics
