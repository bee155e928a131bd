#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.h"
#include "pgwire/conversation.h"
#include "unit/pgwire/recording_sink.h"

namespace pgsidecar::pgwire::testing {

using fuzz::Require;

/// A stretch of bytes from one side.
struct Read {
  bool client;
  std::string bytes;
};

struct Played {
  std::vector<std::string> log;
  std::uint64_t aborted = 0, abandoned = 0;
  bool operator==(const Played&) const = default;
};

/// Plays the reads, each in pieces of at most `piece` bytes, and checks what must hold for any
/// input.
inline Played Play(const std::vector<Read>& reads, std::size_t piece) {
  Played played;
  RecordingSink sink;
  {
    ConversationLimits limits;
    limits.fifo_entries = 1000;
    limits.named_statements = 8;
    limits.suspended_portals = 2;
    Conversation conversation(sink, limits, false);
    conversation.LoginDone('I', 1);
    for (const Read& read : reads) {
      std::string_view rest = read.bytes;
      while (!rest.empty()) {
        const std::string_view now = rest.substr(0, piece);
        rest.remove_prefix(now.size());
        if (read.client) {
          conversation.FeedClient(now, 2);
        } else {
          conversation.FeedServer(now, 2);
        }
      }
    }
    Require(conversation.statements_in_flight() <= 1'000'000);  // never wraps below zero
    static_cast<void>(conversation.running());
    conversation.CloseByClient(3);
    Require(conversation.statements_in_flight() == 0);
    // Statements are reported at the end of a read, so their order against other events may differ.
    std::sort(sink.log.begin(), sink.log.end());
    played = {sink.log, sink.aborted, sink.abandoned};
  }
  Require(sink.references() == 0);
  return played;
}

/// The books must not depend on where the bytes were cut.
inline void RequireSplitProof(const std::vector<Read>& reads) {
  const Played whole = Play(reads, std::string::npos);
  Require(whole == Play(reads, 1));
  Require(whole == Play(reads, 7));
}

}  // namespace pgsidecar::pgwire::testing
