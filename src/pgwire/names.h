#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/ref.h"
#include "pgwire/conversation.h"
#include "pgwire/fifo.h"

namespace pgsidecar::pgwire {

/// Hash of a statement or portal name. PostgreSQL compares the first 63 bytes (NAMEDATALEN - 1).
NameHash HashName(std::string_view name);

/// What a name of a prepared statement stands for.
struct Prepared {
  Ref<Referenced> statement;
  Ref<Referenced> trace;
  bool control = false;
  bool and_chain = false;
  mutable std::uint64_t last_use = 0;  ///< A look-up is a use.
};

/// A portal, and what the Executes so far have cost if it is suspended.
struct Portal {
  Prepared prepared;
  bool suspended = false;
  StatementEnd so_far;  ///< Meaningful if suspended.

  /// Adds what one more Execute has cost. Requires: suspended.
  void Add(const StatementEnd& segment);
};

/// The prepared statements of a session as the server knows them: entries change when its replies
/// arrive, so a failed Parse leaves no trace. Bounded: the least recently used name is forgotten.
class PreparedStatements {
 public:
  explicit PreparedStatements(std::size_t limit) : limit_(limit) {}

  void Set(NameHash name, Prepared prepared);
  /// Empty if the name was never seen or was forgotten.
  const Prepared& Find(NameHash name) const;
  void Erase(NameHash name);
  void Clear();

  std::size_t named() const { return named_.size(); }
  std::size_t memory_bytes() const { return named_.size() * (sizeof(Prepared) + 32); }

 private:
  void ForgetLeastRecentlyUsed();

  const std::size_t limit_;
  mutable std::uint64_t uses_ = 0;
  Prepared unnamed_;
  std::unordered_map<NameHash, Prepared> named_;
};

/// The portals of a session. All end with their transaction.
class Portals {
 public:
  explicit Portals(std::size_t limit) : limit_(limit) {}

  /// Makes or replaces a portal; null if there are too many.
  Portal* Set(NameHash name, const Prepared& prepared);
  /// Null if there is none of this name.
  Portal* Find(NameHash name);
  const Portal* Find(NameHash name) const;
  void Erase(NameHash name);
  template <class Visit>
  void ForEach(Visit visit) {
    if (has_unnamed_) visit(unnamed_);
    for (auto& [name, portal] : named_) visit(portal);
  }
  void Clear();
  std::size_t memory_bytes() const { return named_.size() * (sizeof(Portal) + 32); }

 private:
  const std::size_t limit_;
  bool has_unnamed_ = false;
  Portal unnamed_;
  std::unordered_map<NameHash, Portal> named_;
};

}  // namespace pgsidecar::pgwire
