#include "sql/operation_names.h"

#include <algorithm>
#include <memory>

#include "sql/identity.h"
#include "sql/large_stack.h"
#include "sql/scanner.h"

namespace pgsidecar::sql {
namespace {

constexpr std::size_t kNameMax = 80;
constexpr std::size_t kOperationsMax = 100;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.:/{}*# -").find(c) != std::string_view::npos;
}

Error Wrong(const ConfiguredOperation& operation, std::string_view why) {
  return {"operation '" + operation.name + "': " + std::string(why)};
}

/// The fingerprint of the one statement in `sql`.
Result<std::string> FingerprintOf(const std::string& sql) {
  const auto text = std::make_unique<CanonicalText>();
  Scanner scanner;
  scanner.Start(/*standard_conforming_strings=*/true, {.text = text.get()});
  std::string_view rest = scanner.Admit(sql);
  if (!scanner.Run(&rest) && !scanner.Finish()) return Error{"its sql is empty"};
  const StatementShape shape = scanner.shape();
  const Canonical canonical{std::string(text->view()), text->too_long()};
  scanner.Next();
  if (scanner.Run(&rest) || scanner.Finish()) return Error{"its sql holds several statements"};
  Identity identity;
  const Status status = RunOnLargeStack([&] { identity = Identify(shape, canonical); });
  if (!status.ok()) return status.error();
  return std::move(identity.fingerprint);
}

}  // namespace

std::string CleanName(std::string_view text) {
  std::string name(text.substr(0, kNameMax));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !IsNameByte(c); }, '_');
  return name;
}

Result<OperationNames> OperationNames::Create(const StatementOptions& options) {
  OperationNames names;
  if (options.operations.size() > kOperationsMax) {
    return Error{std::to_string(options.operations.size()) +
                 " operations; at most 100 are allowed"};
  }
  for (const std::string& key : options.names_from_comments) {
    if (Status status = names.AddKey(key); !status.ok()) return status.error();
  }
  for (const ConfiguredOperation& operation : options.operations) {
    if (Status status = names.Add(operation); !status.ok()) return status.error();
  }
  return names;
}

Status OperationNames::AddKey(const std::string& key) {
  const std::optional<TagKey> known = FindTagKey(key);
  if (!known || *known == TagKey::kTraceparent || *known == TagKey::kTracestate) {
    return Error{"names_from_comments: '" + key +
                 "'; allowed: action, route, controller, framework, application, db_driver"};
  }
  keys_.push_back(*known);
  return {};
}

Status OperationNames::Add(const ConfiguredOperation& operation) {
  if (operation.name.empty() || operation.name != CleanName(operation.name)) {
    return Wrong(operation,
                 "a name has 1 to 80 of the characters A-Z a-z 0-9 _.:/{}*# - and space");
  }
  const int matchers = static_cast<int>(!operation.fingerprint.empty()) +
                       static_cast<int>(!operation.sql.empty()) +
                       static_cast<int>(!operation.comment.empty());
  if (matchers != 1) return Wrong(operation, "needs one of fingerprint, sql and comment");
  if (!operation.comment.empty()) {
    by_comment_.emplace(operation.comment, operation.name);
    return {};
  }
  std::string fingerprint = operation.fingerprint;
  if (!operation.sql.empty()) {
    Result<std::string> found = FingerprintOf(operation.sql);
    if (!found.ok()) return Wrong(operation, found.error().message);
    fingerprint = std::move(found).value();
  } else if (fingerprint.size() != 16 ||
             fingerprint.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Wrong(operation, "fingerprint '" + fingerprint + "' is not 16 digits of 0-9 a-f");
  }
  if (!by_fingerprint_.emplace(fingerprint, operation.name).second) {
    return Wrong(operation, "its statement " + fingerprint + " has a name already");
  }
  return {};
}

std::string OperationNames::FromComment(const CommentTags& tags) const {
  for (const TagKey key : {TagKey::kAction, TagKey::kRoute}) {
    const auto found = by_comment_.find(tags.Get(key));
    if (found != by_comment_.end() && !tags.Get(key).empty()) return found->second;
  }
  for (const TagKey key : keys_) {
    if (!tags.Get(key).empty()) return CleanName(tags.Get(key));
  }
  return {};
}

const std::string* OperationNames::ForFingerprint(std::string_view fingerprint) const {
  const auto found = by_fingerprint_.find(fingerprint);
  return found == by_fingerprint_.end() ? nullptr : &found->second;
}

}  // namespace pgsidecar::sql
