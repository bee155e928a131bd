#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/entry.h"

namespace pgsidecar::cache {

class Core;

/// Label `reason` of pgsidecar_cache_insertions_refused_total.
enum class Refusal : std::uint8_t {
  kTooLarge,
  kRaced,  ///< An invalidation or a change of state came between fetch and store.
  kNoMemory,
  kStore,  ///< The store did not take it.
  kError,
  kInterrupted,
  kNoFreshness,
  kNoStore,
  kPrivate,
  kSetCookie,
  kVary,
  kAuthorization,
  kStatus,
  kIncomplete
};

inline constexpr std::array<std::string_view, 14> kRefusalNames = {
    "too_large", "raced",   "no_memory",  "store", "error",         "interrupted", "no_freshness",
    "no_store",  "private", "set_cookie", "vary",  "authorization", "status",      "incomplete"};

/// What a fetch brought.
struct Fill {
  std::string head = {};
  std::string body = {};
  std::vector<std::string> tags = {};
  Nanos ttl = 0;  ///< 0 or less: the default.
  std::optional<Nanos> stale_while_revalidate = {};
  std::optional<Nanos> stale_if_error = {};
  bool negative = false;
  /// The lifetime was stated by someone else (HTTP headers): no jitter.
  bool exact_lifetime = false;
  std::uint32_t door_flags = 0;  ///< From bit kDoorFlags on.
};

/// Why a fetch brought nothing. What waits for it may get it as its own answer.
struct Failure {
  std::string message = {};
  std::string sqlstate = {};
  /// What the caller's function threw, to be thrown on unchanged.
  std::exception_ptr cause = {};
  /// The origin could not be reached or gave up (SQLSTATE class 08, 53, 57P; a timeout): a stale
  /// entry may stand in.
  bool no_answer = false;
};
using FailurePtr = std::shared_ptr<const Failure>;  // Owned by all who waited.

/// When a fetch began: the generation of what it will bring.
struct FillToken {
  std::uint64_t epoch = 0;
  Position position = 0;
  std::uint64_t sequence = 0;  ///< Of the newest event this process had applied.
  Nanos taken_at = 0;
};

struct Stored {
  EntryPtr entry = {};  ///< To answer with; never null.
  std::optional<Refusal> refused = {};
};

/// The right and the duty to fetch one key. Ends with exactly one of Store, Discard and Fail;
/// destroyed before that (the client left) it counts as interrupted and a waiter takes over. The
/// look-up it came from is counted when it ends. Thread-safe to move between threads, used by one
/// at a time. The core outlives it.
class FillTicket {
 public:
  struct State;

  FillTicket();
  explicit FillTicket(std::unique_ptr<State> state);
  FillTicket(FillTicket&&) noexcept;
  FillTicket& operator=(FillTicket&&) noexcept;
  ~FillTicket();

  explicit operator bool() const { return state_ != nullptr; }
  /// The expired entry, to revalidate it or to stand in; may be null.
  EntryPtr stale() const;
  /// Whether anybody waits for this fetch: a reason to finish it when its own client has left.
  bool awaited() const;
  /// Whether Store will keep the answer. A waiter that gave up fetches for itself alone: it need
  /// not copy the answer.
  bool may_store() const;

  /// Writes the answer, unless something is against it, and hands it to everybody who waits.
  Stored Store(Fill fill);
  /// There was an answer, but it may not be shared: all who wait fetch for themselves, and for a
  /// while nobody waits for this key (hit-for-miss).
  void Discard(Refusal reason);
  /// There was no answer. Returns the stale entry to answer with instead, when there is one and
  /// the failure allows it, else null.
  EntryPtr Fail(Failure failure);

 private:
  friend class Core;
  void SetRefresh(bool early);

  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::cache
