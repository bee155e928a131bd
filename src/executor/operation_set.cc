#include "executor/operation_set.h"

#include <algorithm>
#include <utility>

#include "executor/executor_state.h"
#include "executor/parameter_check.h"

namespace pgsidecar::executor {
namespace {

constexpr std::size_t kNameBytesMax = 80;
constexpr std::size_t kParameterNameBytesMax = 63;
constexpr std::size_t kParametersMax = 64;
constexpr std::size_t kTagsMax = 16;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Whether `name` starts with a letter and holds letters, digits and `more`.
bool IsName(std::string_view name, std::size_t limit, std::string_view more) {
  if (name.empty() || name.size() > limit || !IsLetter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [more](char c) {
    return IsLetter(c) || IsDigit(c) || more.find(c) != std::string_view::npos;
  });
}

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

Status CheckParameters(const std::vector<ParameterSpec>& parameters) {
  if (parameters.size() > kParametersMax) {
    return Error{"has more than " + std::to_string(kParametersMax) + " parameters"};
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i].name;
    if (!IsName(name, kParameterNameBytesMax, "")) {
      return Error{"parameter " + Quoted(name) + ": a name is letters, digits and _"};
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (parameters[k].name == name) return Error{"parameter " + Quoted(name) + " is there twice"};
    }
  }
  return {};
}

Status CheckSpec(const OperationSpec& spec) {
  if (!IsName(spec.name, kNameBytesMax, ".-")) {
    return Error{"a name is letters, digits, _, . and -, at most " + std::to_string(kNameBytesMax) +
                 " bytes"};
  }
  if (spec.sql.find_first_not_of(" \t\r\n;") == std::string::npos) return Error{"has no sql"};
  if (spec.sql.find('\0') != std::string::npos) return Error{"its sql holds a NUL byte"};
  if (spec.timeout.count() < 0) return Error{"its timeout is negative"};
  if (spec.cache && !spec.read_only) return Error{"has a cache but is not read_only"};
  if (spec.cache && spec.cache->ttl.count() <= 0) return Error{"its cache.ttl is not above 0"};
  if (spec.cache && spec.cache->tags.size() > kTagsMax) {
    return Error{"has more than " + std::to_string(kTagsMax) + " cache.tags"};
  }
  return CheckParameters(spec.parameters);
}

Result<std::vector<Template>> ParseAll(const std::vector<std::string>& texts,
                                       const std::vector<ParameterSpec>& parameters) {
  std::vector<Template> templates;
  for (const std::string& text : texts) {
    auto parsed = Template::Parse(text, parameters);
    if (!parsed.ok()) return parsed.error();
    templates.push_back(std::move(parsed).value());
  }
  return templates;
}

std::vector<std::string> ExpandAll(const std::vector<Template>& templates,
                                   const Parameters& parameters) {
  std::vector<std::string> texts;
  for (const Template& each : templates) texts.push_back(each.Expand(parameters));
  return texts;
}

OperationError Refused(OperationErrorKind kind, std::string detail) {
  return {.kind = kind, .detail = std::move(detail)};
}

std::string Expected(const ParameterSpec& spec) {
  return "parameter " + Quoted(spec.name) + " is to be " + TypeWord(spec.type, spec.array);
}

/// Names of parameters are those of the configuration, or shown as what they are: not ours.
std::optional<OperationError> CheckNames(const OperationSpec& spec, const OperationValues& values) {
  std::size_t known = 0;
  for (const ParameterSpec& parameter : spec.parameters) {
    const auto count = std::count_if(values.begin(), values.end(), [&](const auto& value) {
      return value.first == parameter.name;
    });
    if (count > 1) {
      return Refused(OperationErrorKind::kRepeatedParameter,
                     "parameter " + Quoted(parameter.name) + " is there twice");
    }
    if (count == 0 && !parameter.nullable) {
      return Refused(OperationErrorKind::kMissingParameter,
                     Expected(parameter) + "; it is missing");
    }
    known += static_cast<std::size_t>(count);
  }
  if (known == values.size()) return std::nullopt;
  std::string names;
  for (const ParameterSpec& parameter : spec.parameters) {
    names.append(names.empty() ? "" : ", ").append(parameter.name);
  }
  return Refused(OperationErrorKind::kUnknownParameter,
                 "there is a parameter that the operation does not have; its parameters: " +
                     (names.empty() ? std::string("none") : names));
}

/// The parameters in the order of `$1`, `$2`, ..., or why not.
std::variant<Parameters, OperationError> Bind(const OperationSpec& spec,
                                              const OperationValues& values) {
  if (auto wrong = CheckNames(spec, values)) return *std::move(wrong);
  Parameters parameters;
  for (const ParameterSpec& parameter : spec.parameters) {
    const auto given = std::find_if(values.begin(), values.end(), [&](const auto& value) {
      return value.first == parameter.name;
    });
    if (given == values.end()) {
      parameters.Add(nullptr);
      continue;
    }
    const auto checked = CheckValue(given->second, parameter);
    if (!checked) return Refused(OperationErrorKind::kWrongType, Expected(parameter));
    if (!*checked && !parameter.nullable) {
      return Refused(OperationErrorKind::kNullParameter, Expected(parameter) + ", not null");
    }
    parameters.Add(*checked);
  }
  return parameters;
}

std::chrono::nanoseconds Smaller(std::chrono::nanoseconds one, std::chrono::nanoseconds other) {
  if (one.count() <= 0) return other;
  return other.count() <= 0 ? one : std::min(one, other);
}

}  // namespace

/// What of an operation is decided at start.
struct OperationSet::Entry {
  Operation operation;
  Template key;
  std::vector<Template> tags, invalidates;
};

OperationSet::OperationSet(std::vector<OperationSpec> specs, QueryExecutor& executor)
    : specs_(std::move(specs)), executor_(executor) {}
OperationSet::~OperationSet() = default;

Result<std::unique_ptr<OperationSet>> OperationSet::Create(std::vector<OperationSpec> specs,
                                                           QueryExecutor& executor) {
  if (specs.size() > kOperationsMax) {
    return Error{"there are " + std::to_string(specs.size()) +
                 " operations; allowed: " + std::to_string(kOperationsMax)};
  }
  std::sort(specs.begin(), specs.end(),
            [](const auto& one, const auto& other) { return one.name < other.name; });
  std::unique_ptr<OperationSet> set(new OperationSet(std::move(specs), executor));
  for (const OperationSpec& spec : set->specs_) {
    const std::string who = "operation " + Quoted(spec.name) + ": ";
    if (const Status checked = CheckSpec(spec); !checked.ok()) {
      return Error{who + checked.error().message};
    }
    if (&spec != &set->specs_.front() && (&spec)[-1].name == spec.name) {
      return Error{who + "is there twice"};
    }
    const OperationCacheSpec cache = spec.cache.value_or(OperationCacheSpec());
    auto key = Template::Parse(cache.key, spec.parameters);
    if (!key.ok()) return Error{who + "cache.key: " + key.error().message};
    auto tags = ParseAll(cache.tags, spec.parameters);
    if (!tags.ok()) return Error{who + "cache.tags: " + tags.error().message};
    auto invalidates = ParseAll(spec.invalidates, spec.parameters);
    if (!invalidates.ok()) return Error{who + "invalidates: " + invalidates.error().message};
    set->entries_.push_back({executor.Named(spec.name), std::move(key).value(),
                             std::move(tags).value(), std::move(invalidates).value()});
  }
  return set;
}

const OperationSpec* OperationSet::Find(std::string_view name) const {
  const auto found = std::lower_bound(
      specs_.begin(), specs_.end(), name,
      [](const OperationSpec& spec, std::string_view key) { return spec.name < key; });
  return found == specs_.end() || found->name != name ? nullptr : &*found;
}

std::optional<OperationError> OperationSet::Check(const OperationCall& call) const {
  const OperationSpec* spec = Find(call.name);
  if (spec == nullptr) {
    return Refused(OperationErrorKind::kUnknownOperation, "there is no operation of that name");
  }
  auto bound = Bind(*spec, call.values);
  if (auto* wrong = std::get_if<OperationError>(&bound)) return std::move(*wrong);
  return std::nullopt;
}

OperationAnswer OperationSet::Call(const OperationCall& call) const {
  const OperationSpec* spec = Find(call.name);
  if (spec == nullptr) {
    return Refused(OperationErrorKind::kUnknownOperation, "there is no operation of that name");
  }
  auto bound = Bind(*spec, call.values);
  if (auto* wrong = std::get_if<OperationError>(&bound)) return std::move(*wrong);
  const Parameters& parameters = std::get<Parameters>(bound);
  const Entry& entry = entries_[static_cast<std::size_t>(spec - specs_.data())];
  const CallOptions options{.deadline = Smaller(call.deadline, spec->timeout),
                            .read_only = spec->read_only,
                            .retry_conflicts = spec->retry_conflicts,
                            .traceparent = call.traceparent};
  if (spec->cache) {
    auto cached =
        executor_.ExecuteCached(entry.operation, spec->sql, parameters,
                                {.key = entry.key.Expand(parameters),
                                 .ttl = spec->cache->ttl,
                                 .negative_ttl = spec->cache->negative_ttl,
                                 .stale_while_revalidate = spec->cache->stale_while_revalidate,
                                 .stale_if_error = spec->cache->stale_if_error,
                                 .tags = ExpandAll(entry.tags, parameters),
                                 .call = options});
    if (cached.ok()) return std::move(cached).value();
    return OperationError{.kind = OperationErrorKind::kQuery, .query = cached.error()};
  }
  auto rows = executor_.Execute(entry.operation, spec->sql, parameters, options);
  // What failed may have taken effect all the same.
  const bool written = rows.ok() || rows.error().in_doubt;
  if (written && !entry.invalidates.empty()) {
    executor_.InvalidateTags(ExpandAll(entry.invalidates, parameters));
  }
  if (!rows.ok()) return OperationError{.kind = OperationErrorKind::kQuery, .query = rows.error()};
  return CachedRows{.rows = std::move(rows).value(), .answer = CacheAnswer::kBypass};
}

}  // namespace pgsidecar::executor
