// The field `statements.operations`: a list of maps, each a name and one matcher.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>

#include "config/field.h"
#include "config/yaml.h"

namespace pgsidecar::config {
namespace {

constexpr std::string_view kAllowed =
    "at most 100 maps, each a name ([A-Za-z0-9_.:/{}*# -], at most 80 bytes) and one of "
    "fingerprint (16 hexadecimal digits), sql, comment";
constexpr std::size_t kOperationsMax = 100;
constexpr std::size_t kNameBytesMax = 80;
constexpr std::size_t kFingerprintDigits = 16;

bool IsName(std::string_view name) {
  constexpr std::string_view kNameBytes =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/{}*# -";
  return !name.empty() && name.size() <= kNameBytesMax &&
         name.find_first_not_of(kNameBytes) == std::string_view::npos;
}

bool IsFingerprint(std::string_view text) {
  return text.size() == kFingerprintDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The member of `operation` that `field` names, or null.
std::string* MemberOf(sql::ConfiguredOperation& operation, std::string_view field) {
  if (field == "name") return &operation.name;
  if (field == "fingerprint") return &operation.fingerprint;
  if (field == "sql") return &operation.sql;
  if (field == "comment") return &operation.comment;
  return nullptr;
}

Result<sql::ConfiguredOperation> ReadOperation(const Entry& entry) {
  sql::ConfiguredOperation operation;
  for (const auto& [field, text] : entry) {
    std::string* member = MemberOf(operation, field);
    if (member == nullptr) return Refuse(field, "is not a field of an operation", kAllowed);
    if (!member->empty()) return Refuse(field, "is there twice", kAllowed);
    if (text.empty()) return Refuse(field, "is empty", kAllowed);
    *member = text;
  }
  if (!IsName(operation.name)) return Refuse(operation.name, "is not a name", kAllowed);
  const auto matchers = entry.size() - 1;
  if (matchers != 1) return Refuse(operation.name, "does not have exactly one matcher", kAllowed);
  if (!operation.fingerprint.empty() && !IsFingerprint(operation.fingerprint)) {
    return Refuse(operation.fingerprint, "is not a fingerprint", kAllowed);
  }
  return operation;
}

/// The maps of a value; a text (flag, environment) is YAML in flow style.
Result<std::vector<Entry>> Entries(const Value& value) {
  if (const auto* entries = std::get_if<std::vector<Entry>>(&value)) return *entries;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    if (texts->empty()) return std::vector<Entry>();
    return Refuse(texts->front(), "is not a map", kAllowed);
  }
  const std::string& text = std::get<std::string>(value);
  const auto parsed = ParseYamlValue(text);
  if (parsed.ok() && !std::holds_alternative<std::string>(parsed.value())) {
    return Entries(parsed.value());
  }
  return Refuse(text, "is not a list of maps", kAllowed);
}

Status SetOperations(Config& config, const Value& value) {
  const auto entries = Entries(value);
  if (!entries.ok()) return entries.error();
  if (entries.value().size() > kOperationsMax) {
    return Refuse(std::to_string(entries.value().size()), "operations are too many", kAllowed);
  }
  std::vector<sql::ConfiguredOperation> operations;
  for (const Entry& entry : entries.value()) {
    auto operation = ReadOperation(entry);
    if (!operation.ok()) return operation.error();
    operations.push_back(std::move(operation).value());
  }
  config.statements.operations = std::move(operations);
  return {};
}

std::string GetOperations(const Config& config) {
  YAML::Emitter out;
  out << YAML::Flow << YAML::BeginSeq;
  for (sql::ConfiguredOperation operation : config.statements.operations) {
    out << YAML::BeginMap;
    for (const std::string field : {"name", "fingerprint", "sql", "comment"}) {
      const std::string& text = *MemberOf(operation, field);
      if (!text.empty()) out << YAML::Key << field << YAML::Value << YAML::DoubleQuoted << text;
    }
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
  return out.c_str();
}

}  // namespace

Field OperationsField() {
  return {"list of maps", std::string(kAllowed), SetOperations, GetOperations};
}

}  // namespace pgsidecar::config
