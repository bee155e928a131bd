// The fields `operations` and `cache.warmup`: lists of maps with maps inside.
#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <optional>
#include <set>

#include "base/units.h"
#include "config/field.h"
#include "config/flow_writer.h"
#include "config/map_reader.h"

namespace pgsidecar::config {
namespace {

using executor::OperationCacheSpec;
using executor::OperationConfig;
using executor::OperationSpec;
using executor::ParameterSpec;
using executor::ParameterType;
using executor::WarmupConfig;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t kOperationsMax = executor::OperationSet::kOperationsMax;
constexpr std::size_t kParametersMax = 64;
constexpr std::size_t kNameBytesMax = 80;
constexpr std::size_t kParameterBytesMax = 63;
constexpr std::size_t kWarmupsMax = 100;
constexpr DurationRange kAnyTtl{milliseconds(1), hours(24)};
constexpr DurationRange kTtlOrNone{nanoseconds(0), hours(24)};

constexpr std::string_view kAllowed =
    "at most 200 maps, each a name ([A-Za-z_][A-Za-z0-9_.-]*, at most 80 bytes), sql and, as "
    "wanted, description, parameters (list of `NAME TYPE` or `NAME TYPE null`), timeout, "
    "read_only, retry_conflicts, invalidates (list of tags) and cache (map of ttl, key, tags, "
    "negative_ttl, stale_while_revalidate, stale_if_error, functions, allow_standby)";
constexpr std::string_view kWarmupAllowed =
    "at most 100 maps, each the name of a cached operation and parameters (map) or params_from "
    "(name of an operation) and, as wanted, limit (1 to 1000) and every (0 to 1d)";

struct TypeName {
  std::string_view word;
  ParameterType type;
};

/// The first word of a type is the one it is printed with.
constexpr std::array<TypeName, 20> kTypeNames = {{
    {"int4", ParameterType::kInt4},
    {"integer", ParameterType::kInt4},
    {"int", ParameterType::kInt4},
    {"int8", ParameterType::kInt8},
    {"bigint", ParameterType::kInt8},
    {"int2", ParameterType::kInt2},
    {"smallint", ParameterType::kInt2},
    {"float8", ParameterType::kFloat8},
    {"double", ParameterType::kFloat8},
    {"numeric", ParameterType::kNumeric},
    {"decimal", ParameterType::kNumeric},
    {"text", ParameterType::kText},
    {"varchar", ParameterType::kText},
    {"bool", ParameterType::kBool},
    {"boolean", ParameterType::kBool},
    {"uuid", ParameterType::kUuid},
    {"timestamptz", ParameterType::kTimestamptz},
    {"date", ParameterType::kDate},
    {"json", ParameterType::kJson},
    {"bytea", ParameterType::kBytea},
}};

std::string ParameterAllowed() {
  std::string words;
  for (const TypeName& each : kTypeNames)
    words += (words.empty() ? "" : ", ") + std::string(each.word);
  return "NAME TYPE, or NAME TYPE null for one that may be null; TYPE is one of " + words +
         ", or an array of it, as in text[]";
}

bool IsWord(std::string_view text, std::string_view more, std::size_t bytes_max) {
  const auto is_letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (text.empty() || text.size() > bytes_max || !is_letter(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
  });
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Result<ParameterSpec> ReadParameter(const std::string& text) {
  const auto refuse = [&](std::string_view problem) {
    return Refuse(text, problem, ParameterAllowed());
  };
  const auto words = Words(text);
  if (words.size() < 2 || words.size() > 3) return refuse("is not a parameter");
  ParameterSpec parameter;
  parameter.name = words[0];
  if (!IsWord(parameter.name, "", kParameterBytesMax)) return refuse("has no name of a parameter");
  std::string_view type = words[1];
  if (type.ends_with("[]")) {
    parameter.array = true;
    type.remove_suffix(2);
  }
  const auto* found = std::find_if(kTypeNames.begin(), kTypeNames.end(),
                                   [&](const TypeName& each) { return each.word == type; });
  if (found == kTypeNames.end()) return refuse("has an unknown type");
  parameter.type = found->type;
  if (words.size() == 3) {
    if (words[2] != "null") return refuse("ends in something else than null");
    parameter.nullable = true;
  }
  return parameter;
}

std::string ParameterText(const ParameterSpec& parameter) {
  const auto* found = std::find_if(kTypeNames.begin(), kTypeNames.end(), [&](const TypeName& each) {
    return each.type == parameter.type;
  });
  std::string text = parameter.name + " " + std::string(found->word);
  if (parameter.array) text += "[]";
  if (parameter.nullable) text += " null";
  return text;
}

/// The parameters that a template like `user:{id}` names, or what is wrong with it.
Status CheckTemplate(const std::string& text, const std::vector<ParameterSpec>& parameters) {
  constexpr std::string_view kTemplateAllowed =
      "text with {PARAMETER} for the value of a parameter, {{ and }} for braces; at most 256 bytes";
  if (text.empty() || text.size() > 256)
    return Refuse(text, "is empty or too long", kTemplateAllowed);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') continue;
    if (i + 1 < text.size() && text[i + 1] == c) {
      ++i;
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (c == '}' || end == std::string::npos) {
      return Refuse(text, "has a brace without its other half", kTemplateAllowed);
    }
    const std::string name = text.substr(i + 1, end - i - 1);
    const bool known = std::any_of(parameters.begin(), parameters.end(),
                                   [&](const ParameterSpec& each) { return each.name == name; });
    if (!known) return Refuse(name, "is no parameter of this operation", kTemplateAllowed);
    i = end;
  }
  return {};
}

void CheckTemplates(MapReader& reader, const Tree* value, const std::vector<std::string>& texts,
                    const OperationSpec& spec) {
  for (const std::string& text : texts) {
    const Status checked = CheckTemplate(text, spec.parameters);
    if (!checked.ok() && value != nullptr) reader.Refuse(*value, "template", checked.error());
  }
}

void ReadCache(MapReader& outer, const Tree& map, OperationConfig& operation) {
  OperationCacheSpec cache;
  cache.ttl = cache.stale_while_revalidate = cache.stale_if_error = executor::kUnset;
  MapReader reader(map, "cache");
  reader.Take("ttl", kAnyTtl, &cache.ttl);
  reader.Take("negative_ttl", kTtlOrNone, &cache.negative_ttl);
  reader.Take("stale_while_revalidate", kTtlOrNone, &cache.stale_while_revalidate);
  reader.Take("stale_if_error", kTtlOrNone, &cache.stale_if_error);
  reader.Take("key", &cache.key);
  reader.Take("tags", &cache.tags);
  reader.Take("allow_standby", &operation.rule.allow_standby);
  std::vector<std::string> functions;
  reader.Take("functions", &functions);
  operation.rule.functions = {functions.begin(), functions.end()};
  if (!cache.key.empty()) CheckTemplates(reader, reader.Take("key"), {cache.key}, operation.spec);
  CheckTemplates(reader, reader.Take("tags"), cache.tags, operation.spec);
  if (cache.tags.size() > executor::kOwnTagsMax) {
    reader.Refuse(*reader.Take("tags"), "tags", {"are too many; allowed: at most 8"});
  }
  operation.rule.own_tags = cache.tags.size();
  if (const Status read = reader.Finish(); !read.ok()) outer.Refuse(map, "cache", read.error());
  operation.spec.cache = std::move(cache);
}

void ReadParameters(MapReader& reader, OperationSpec& spec) {
  std::vector<std::string> texts;
  reader.Take("parameters", &texts);
  const Tree* value = reader.Take("parameters");
  if (texts.size() > kParametersMax) {
    reader.Refuse(*value, "parameters", {"are too many; allowed: at most 64"});
  }
  for (const std::string& text : texts) {
    auto parameter = ReadParameter(text);
    if (!parameter.ok()) {
      reader.Refuse(*value, "parameters", parameter.error());
      return;
    }
    const std::string& name = parameter.value().name;
    if (std::any_of(spec.parameters.begin(), spec.parameters.end(),
                    [&](const ParameterSpec& each) { return each.name == name; })) {
      reader.Refuse(*value, "parameters", Refuse(name, "is there twice", "once"));
      return;
    }
    spec.parameters.push_back(std::move(parameter).value());
  }
}

Result<OperationConfig> ReadOperation(const Tree& map, std::size_t number) {
  OperationConfig operation;
  OperationSpec& spec = operation.spec;
  MapReader reader(map, "operation " + std::to_string(number));
  reader.Take("name", &spec.name);
  reader.Take("description", &spec.description);
  reader.Take("sql", &spec.sql);
  reader.Take("timeout", {milliseconds(1), hours(1)}, &spec.timeout);
  reader.Take("read_only", &spec.read_only);
  reader.Take("retry_conflicts", &spec.retry_conflicts);
  reader.Take("invalidates", &spec.invalidates);
  ReadParameters(reader, spec);
  CheckTemplates(reader, reader.Take("invalidates"), spec.invalidates, spec);
  if (const Tree* cache = reader.Take("cache")) {
    ReadCache(reader, *cache, operation);
    spec.read_only = true;  // What is cached is asked only now and then: it must change nothing.
  }
  if (const Status read = reader.Finish(); !read.ok()) return read.error();
  if (!IsWord(spec.name, ".-", kNameBytesMax)) {
    reader.Refuse(map, "name",
                  Refuse(spec.name, "is not a name of an operation",
                         "[A-Za-z_][A-Za-z0-9_.-]*, at most 80 bytes"));
  }
  if (spec.sql.empty()) reader.Refuse(map, "sql", {"is missing; allowed: one statement"});
  if (const Status read = reader.Finish(); !read.ok()) return read.error();
  return operation;
}

/// The maps of a value, whichever source it comes from.
Result<std::vector<Tree>> Maps(const Value& value, std::string_view allowed) {
  const auto* tree = std::get_if<Tree>(&value);
  if (tree == nullptr) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return Error{"is not one value; allowed: " + std::string(allowed)};
    auto parsed = ParseTree(*text);
    if (!parsed.ok()) return Refuse(*text, parsed.error().message, allowed);
    if (parsed.value().kind == Tree::Kind::kList) return std::move(parsed.value().list);
    return Refuse(*text, "is not a list of maps", allowed);
  }
  if (tree->kind == Tree::Kind::kList) return tree->list;
  return Error{"is not a list of maps; allowed: " + std::string(allowed)};
}

Status SetOperations(Config& config, const Value& value) {
  const auto maps = Maps(value, kAllowed);
  if (!maps.ok()) return maps.error();
  if (maps.value().size() > kOperationsMax) {
    return Refuse(std::to_string(maps.value().size()), "operations are too many", kAllowed);
  }
  std::vector<OperationConfig> operations;
  std::set<std::string> names;
  for (const Tree& map : maps.value()) {
    auto operation = ReadOperation(map, operations.size() + 1);
    if (!operation.ok()) return operation.error();
    if (!names.insert(operation.value().spec.name).second) {
      return Refuse(operation.value().spec.name, "is the name of two operations", kAllowed);
    }
    operations.push_back(std::move(operation).value());
  }
  config.operations.operations = std::move(operations);
  return {};
}

void Write(FlowWriter& out, const OperationCacheSpec& cache, const sql::JudgeRule& rule) {
  out.BeginMap("cache");
  out.Add("ttl", cache.ttl);
  out.Add("negative_ttl", cache.negative_ttl);
  out.Add("stale_while_revalidate", cache.stale_while_revalidate);
  out.Add("stale_if_error", cache.stale_if_error);
  out.Add("key", cache.key);
  out.Add("tags", cache.tags);
  out.Add("functions", std::vector<std::string>(rule.functions.begin(), rule.functions.end()));
  out.Add("allow_standby", rule.allow_standby);
  out.EndMap();
}

std::string GetOperations(const Config& config) {
  FlowWriter out;
  for (const OperationConfig& operation : config.operations.operations) {
    const OperationSpec& spec = operation.spec;
    std::vector<std::string> parameters;
    for (const ParameterSpec& each : spec.parameters) parameters.push_back(ParameterText(each));
    out.BeginMap("");
    out.Add("name", spec.name);
    out.Add("description", spec.description);
    out.Add("sql", spec.sql);
    out.Add("parameters", parameters);
    if (spec.timeout.count() > 0) out.Add("timeout", spec.timeout);
    if (!spec.cache) out.Add("read_only", spec.read_only);
    out.Add("retry_conflicts", spec.retry_conflicts);
    out.Add("invalidates", spec.invalidates);
    if (spec.cache) Write(out, *spec.cache, operation.rule);
    out.EndMap();
  }
  return out.Take();
}

Result<WarmupConfig> ReadWarmup(const Tree& map, std::size_t number) {
  WarmupConfig warmup;
  MapReader reader(map, "warm-up " + std::to_string(number));
  reader.Take("operation", &warmup.operation);
  reader.Take("params_from", &warmup.params_from);
  reader.Take("limit", {1, 1000}, &warmup.limit);
  reader.Take("every", kTtlOrNone, &warmup.every);
  if (const Tree* parameters = reader.Take("parameters")) {
    if (parameters->kind != Tree::Kind::kMap) {
      reader.Refuse(*parameters, "parameters", {"is not a map; allowed: NAME: VALUE"});
    }
    for (const auto& [name, value] : parameters->map) {
      if (value.kind != Tree::Kind::kScalar) {
        reader.Refuse(value, name, {"is not a single value; allowed: one"});
      }
      warmup.parameters.emplace_back(name, value.text);
    }
    if (!warmup.params_from.empty()) {
      reader.Refuse(*parameters, "parameters",
                    {"are there beside params_from; allowed: one of them"});
    }
  }
  if (const Status read = reader.Finish(); !read.ok()) return read.error();
  if (warmup.operation.empty()) {
    reader.Refuse(map, "operation", {"is missing; allowed: the name of a cached operation"});
  }
  if (const Status read = reader.Finish(); !read.ok()) return read.error();
  return warmup;
}

Status SetWarmup(Config& config, const Value& value) {
  const auto maps = Maps(value, kWarmupAllowed);
  if (!maps.ok()) return maps.error();
  if (maps.value().size() > kWarmupsMax) {
    return Refuse(std::to_string(maps.value().size()), "warm-ups are too many", kWarmupAllowed);
  }
  std::vector<WarmupConfig> warmups;
  for (const Tree& map : maps.value()) {
    auto warmup = ReadWarmup(map, warmups.size() + 1);
    if (!warmup.ok()) return warmup.error();
    warmups.push_back(std::move(warmup).value());
  }
  config.operations.warmup = std::move(warmups);
  return {};
}

std::string GetWarmup(const Config& config) {
  FlowWriter out;
  for (const WarmupConfig& warmup : config.operations.warmup) {
    out.BeginMap("");
    out.Add("operation", warmup.operation);
    if (!warmup.parameters.empty()) {
      out.BeginMap("parameters");
      for (const auto& [name, text] : warmup.parameters) out.AddAlways(name, text);
      out.EndMap();
    }
    out.Add("params_from", warmup.params_from);
    if (warmup.limit != WarmupConfig().limit) out.AddAlways("limit", std::to_string(warmup.limit));
    if (warmup.every.count() > 0) out.Add("every", warmup.every);
    out.EndMap();
  }
  return out.Take();
}

}  // namespace

Field NamedOperationsField() {
  return {"list of maps", std::string(kAllowed), SetOperations, GetOperations, true};
}

Field WarmupField() {
  return {"list of maps", std::string(kWarmupAllowed), SetWarmup, GetWarmup, true};
}

}  // namespace pgsidecar::config
