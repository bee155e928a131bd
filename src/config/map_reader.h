#pragma once

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/field.h"
#include "config/tree.h"

namespace pgsidecar::config {

/// Reads the members of one map. The first problem is kept and ends the reading; it names the
/// member, its line, its value and what is allowed.
class MapReader {
 public:
  /// `what` the map is, for errors: `operation getUser`. Requires: `map` outlives it.
  MapReader(const Tree& map, std::string what);

  /// Each leaves `to` alone if there is no such member.
  void Take(std::string_view name, std::string* to);
  void Take(std::string_view name, bool* to);
  void Take(std::string_view name, DurationRange range, std::chrono::nanoseconds* to);
  void Take(std::string_view name, IntegerRange range, std::uint32_t* to);
  /// A list of texts, or a single one.
  void Take(std::string_view name, std::vector<std::string>* to);
  /// The member, whatever it is, or null.
  const Tree* Take(std::string_view name);

  /// Keeps this problem of a member, if it is the first.
  void Refuse(const Tree& value, std::string_view name, const Error& problem);
  /// The first problem; else that of a member that was not taken.
  Status Finish();

 private:
  const std::string* Scalar(std::string_view name, const Tree** value);

  const Tree& map_;
  const std::string what_;
  std::set<std::string, std::less<>> known_;
  Status status_;
};

}  // namespace pgsidecar::config
