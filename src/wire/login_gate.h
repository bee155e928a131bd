#pragma once

#include <cstdint>
#include <string_view>

namespace pgsidecar::wire {

/// Lets a client send nothing but its side of the authentication (messages of type `p`) until
/// PostgreSQL accepted it. What comes early is held, not refused: PostgreSQL would not read it
/// before either. Sans-IO, bytes may be cut anywhere.
class LoginGate {
 public:
  struct Answer {
    std::size_t passed = 0;  ///< Leading bytes that may go on; the rest must wait.
    bool refused = false;    ///< An impossible length, or a body above 64 KiB.
  };
  Answer Feed(std::string_view bytes);

 private:
  std::uint32_t header_bytes_ = 0;  ///< Read of the current message's header, 0..5.
  std::uint32_t length_ = 0;
  std::uint32_t body_left_ = 0;
};

}  // namespace pgsidecar::wire
