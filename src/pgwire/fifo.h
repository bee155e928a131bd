#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/ref.h"

namespace pgsidecar::pgwire {

/// What a message of the client waits for.
enum class Awaits : std::uint8_t {
  kQuery,              ///< ReadyForQuery; each CommandComplete closes a statement.
  kFunctionCall,       ///< ReadyForQuery; FunctionCallResponse closes the statement.
  kParse,              ///< ParseComplete.
  kBind,               ///< BindComplete.
  kDescribeStatement,  ///< ParameterDescription, then RowDescription or NoData.
  kDescribePortal,     ///< RowDescription or NoData.
  kExecute,            ///< CommandComplete, EmptyQueryResponse or PortalSuspended.
  kCloseStatement,     ///< CloseComplete.
  kClosePortal,        ///< CloseComplete.
  kSync,               ///< ReadyForQuery.
  kCopyEnd,            ///< CopyDone or CopyFail: a marker, done when it is the head.
  kSwallowed,          ///< Taken by the server without an answer.
};

/// Names are kept as hashes: they are compared, never shown. 0 is the unnamed one.
using NameHash = std::uint64_t;

/// One message that is owed a reply.
struct Entry {
  Awaits awaits = Awaits::kSync;
  bool unit_start = false;  ///< First message of its unit.
  bool control = false;     ///< kQuery, kParse: see TextStatement.
  bool and_chain = false;
  std::uint32_t statements = 0;  ///< kQuery: statements in the text.
  NameHash statement_name = 0;   ///< kParse, kBind, kDescribeStatement, kCloseStatement.
  NameHash portal_name = 0;      ///< kBind, kDescribePortal, kExecute, kClosePortal.
  Ref<Referenced> statement;     ///< kQuery: the first; kParse.
  Ref<Referenced> trace;
};

/// Queue of entries in the order of their replies. Grows by doubling, never shrinks while in use.
class Fifo {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return capacity_ * sizeof(Entry); }

  /// Requires: !empty().
  Entry& head() { return ring_[first_]; }
  const Entry& head() const { return ring_[first_]; }
  /// Requires: index < size().
  Entry& at(std::size_t index) { return ring_[(first_ + index) & (capacity_ - 1)]; }
  const Entry& at(std::size_t index) const { return ring_[(first_ + index) & (capacity_ - 1)]; }

  /// Adds an empty entry at the end; valid until the next push.
  Entry& push() {
    if (size_ == capacity_) Grow();
    return at(size_++);
  }
  void pop() {
    head() = Entry();
    first_ = (first_ + 1) & (capacity_ - 1);
    --size_;
  }
  void clear() {
    while (!empty()) pop();
  }

 private:
  void Grow() {
    const std::size_t larger = capacity_ == 0 ? 8 : capacity_ * 2;
    auto ring = std::make_unique<Entry[]>(larger);
    for (std::size_t i = 0; i < size_; ++i) ring[i] = std::move(at(i));
    ring_ = std::move(ring);
    capacity_ = larger;
    first_ = 0;
  }

  std::unique_ptr<Entry[]> ring_;
  std::size_t capacity_ = 0;  ///< Zero or a power of two.
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace pgsidecar::pgwire
