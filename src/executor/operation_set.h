#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "pgsidecar/query_executor.h"

namespace pgsidecar::executor {

enum class ParameterType : std::uint8_t {
  kInt2,
  kInt4,
  kInt8,
  kFloat8,
  kNumeric,
  kText,
  kBool,
  kUuid,
  kTimestamptz,
  kDate,
  kJson,
  kBytea,  ///< Its text form: `\x` and hexadecimal digits.
};

/// The word of a type: `int4`, and `int4[]` for an array of them.
std::string TypeWord(ParameterType type, bool array);

struct ParameterSpec {
  std::string name{};  ///< `[A-Za-z_][A-Za-z0-9_]*`, at most 63 bytes.
  ParameterType type = ParameterType::kText;
  bool array = false;
  bool nullable = false;
};

/// Reads `int4` or `text[]`. The error names the word and the types there are.
Result<ParameterSpec> ParseParameterType(std::string_view word);

struct OperationCacheSpec {
  std::chrono::nanoseconds ttl = std::chrono::seconds(300);
  std::chrono::nanoseconds negative_ttl{-1};  ///< As QueryCacheOptions.
  std::chrono::nanoseconds stale_while_revalidate{0};
  std::chrono::nanoseconds stale_if_error = std::chrono::seconds(60);
  std::string key{};                ///< Template: `user:{user_id}`; `{{` is a brace. Or empty.
  std::vector<std::string> tags{};  ///< Templates, too. At most 16.
};

/// A statement that may be called by name.
struct OperationSpec {
  std::string name{};  ///< `[A-Za-z_][A-Za-z0-9_.-]*`, at most 80 bytes.
  std::string description{};
  std::string sql{};                        ///< One statement, with `$1` for the first parameter.
  std::vector<ParameterSpec> parameters{};  ///< At most 64.
  std::chrono::nanoseconds timeout{0};      ///< The deadline of a call. 0: the executor's.
  bool read_only = false;
  bool retry_conflicts = false;
  std::optional<OperationCacheSpec> cache{};  ///< Read-only operations only.
  std::vector<std::string> invalidates{};     ///< Tags (templates) dropped after a success.
};

/// A parameter as it came in, before it is checked against its type.
struct OperationValue {
  using List = std::vector<OperationValue>;
  /// Numbers keep their digits: the text of a JSON number, which decides what it fits into.
  struct Number {
    std::string digits;
  };
  /// A JSON value as text, for parameters of type json, which take any of them in this form.
  struct Json {
    std::string text;
  };
  std::variant<std::nullptr_t, bool, Number, std::string, List, Json> value = nullptr;
};

/// Named parameters of a call.
using OperationValues = std::vector<std::pair<std::string, OperationValue>>;

struct OperationCall {
  std::string_view name;
  const OperationValues& values;
  std::string_view traceparent{};
  std::chrono::nanoseconds deadline{0};  ///< The smaller of this and the operation's. 0: its own.
};

enum class OperationErrorKind : std::uint8_t {
  kUnknownOperation,
  kUnknownParameter,
  kMissingParameter,
  kRepeatedParameter,
  kNullParameter,  ///< NULL for one that is not nullable.
  kWrongType,      ///< Or a value that its type does not hold.
  kQuery,          ///< See `query`.
};

/// Why a call failed. `detail` names parameters and types, never values.
struct OperationError {
  OperationErrorKind kind = OperationErrorKind::kQuery;
  std::string detail{};
  QueryError query{};  ///< Of kQuery.
};

using OperationAnswer = std::variant<CachedRows, OperationError>;

/// The operations that may be called: nothing else runs. Constant after construction; thread-safe.
class OperationSet {
 public:
  static constexpr std::size_t kOperationsMax = 200;

  /// Fails if one is wrong; the error names it and says what. `executor` outlives the set.
  static Result<std::unique_ptr<OperationSet>> Create(std::vector<OperationSpec> specs,
                                                      QueryExecutor& executor);
  ~OperationSet();

  /// In order of their names.
  const std::vector<OperationSpec>& specs() const { return specs_; }
  const OperationSpec* Find(std::string_view name) const;

  /// Checks the parameters, then executes. Blocks up to the deadline.
  OperationAnswer Call(const OperationCall& call) const;

  /// The rows of a type check alone: the error that Call would give, if any.
  std::optional<OperationError> Check(const OperationCall& call) const;

 private:
  struct Entry;
  OperationSet(std::vector<OperationSpec> specs, QueryExecutor& executor);

  const std::vector<OperationSpec> specs_;
  QueryExecutor& executor_;
  std::vector<Entry> entries_;  ///< As specs_.
};

}  // namespace pgsidecar::executor
