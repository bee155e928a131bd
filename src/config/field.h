#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/value.h"

namespace pgsidecar::config {

/// How one key is read, written and explained.
struct Field {
  std::string_view type;  ///< `duration`, for the documentation.
  std::string allowed;    ///< `1ms to 1h`, for the documentation and every error.
  /// Stores a value. On failure the configuration is unchanged; the error shows value and allowed.
  std::function<Status(Config&, const Value&)> set;
  /// The value as one line of YAML that `set` reads back.
  std::function<std::string(const Config&)> get;
  /// `set` takes a Tree from a file; from elsewhere it takes text that ParseTree reads.
  bool takes_tree = false;
};

/// The place of a value in the configuration.
template <class T>
using Member = T& (*)(Config&);

struct IntegerRange {
  std::uint32_t min, max;
};
struct NumberRange {
  double min, max;
};
struct DurationRange {
  std::chrono::nanoseconds min, max;
};
struct BytesRange {
  std::uint64_t min, max;
};

Field Integer(Member<std::uint32_t> member, IntegerRange range);
/// The same, or `word`, which is stored as 0. Requires: range.min > 0.
Field IntegerOr(std::string_view word, Member<std::uint32_t> member, IntegerRange range);
Field Number(Member<double> member, NumberRange range);
Field Duration(Member<std::chrono::nanoseconds> member, DurationRange range);
Field Bytes(Member<std::uint64_t> member, BytesRange range);
Field Boolean(Member<bool> member);

/// A text that `check` accepts; `allowed` says what that is.
Field Text(Member<std::string> member, std::string_view allowed, Status (*check)(std::string_view));

struct ListRule {
  std::size_t min, max;  ///< Elements.
  std::string_view allowed;
  Status (*check)(std::string_view);  ///< Of one element.
};
/// Different texts. In a flag or the environment they are separated by commas.
Field List(Member<std::vector<std::string>> member, ListRule rule);

/// One of `names`, in the order of the values of the enumeration E.
template <class E>
Field Choice(Member<E> member, const std::vector<std::string_view>& names);

/// The URI of PostgreSQL (config/upstream.h).
Field UpstreamField();
/// `statements.operations` (config/operations.h).
Field OperationsField();

/// `operations` and `cache.warmup` (config/operation_fields.cc).
Field NamedOperationsField();
Field WarmupField();

/// Any field from functions on text. What the templates and the fields above are made of.
Field TextField(std::string_view type, const std::string& allowed,
                std::function<Status(Config&, std::string_view)> set,
                std::function<std::string(const Config&)> get);
/// The index of `text` in `names`, or the error.
Result<std::size_t> ChoiceIndex(std::string_view text, const std::vector<std::string_view>& names);
std::string Join(const std::vector<std::string_view>& names);

/// A member of a configuration that is only read.
template <class T>
const T& Read(Member<T> member, const Config& config) {
  return member(const_cast<Config&>(config));
}

template <class E>
Field Choice(Member<E> member, const std::vector<std::string_view>& names) {
  const auto set = [member, names](Config& config, std::string_view text) -> Status {
    const auto index = ChoiceIndex(text, names);
    if (!index.ok()) return index.error();
    member(config) = static_cast<E>(index.value());
    return {};
  };
  const auto get = [member, names](const Config& config) {
    return std::string(names[static_cast<std::size_t>(Read(member, config))]);
  };
  return TextField("choice", Join(names), set, get);
}

}  // namespace pgsidecar::config
