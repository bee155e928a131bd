#pragma once

#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace pgsidecar::admin {

/// An answer taken apart.
struct Answer {
  int status = 0;  ///< 0: the connection ended without one.
  std::string head;
  std::string body;

  /// The value of a header by its exact name, or empty.
  std::string Header(std::string_view name) const;
};

/// A connection to `address` (`127.0.0.1:port`), or none.
UniqueFd Connect(const std::string& address);
/// Sends as much of `bytes` as the other side takes.
void SendAll(int fd, std::string_view bytes);
/// Reads until the other side closes, for at most ten seconds.
Answer ReadAnswer(int fd);

/// Sends raw bytes over a connection of its own and reads the answer.
Answer Exchange(const std::string& address, std::string_view bytes);
/// A request with Host and `headers` (each with its line end).
Answer Ask(const std::string& address, const std::string& method, const std::string& target,
           const std::string& headers = "");

}  // namespace pgsidecar::admin
