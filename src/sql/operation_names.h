#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/comment_tags.h"
#include "sql/options.h"

namespace pgsidecar::sql {

/// A name as it may stand in labels: `[A-Za-z0-9_.:/{}*# -]`, other bytes become `_`, at most 80.
std::string CleanName(std::string_view text);

/// How statements are called, by configuration and by comments. Constant after construction.
class OperationNames {
 public:
  /// Fails if an operation is wrong; the error names it. Identifies the SQL of operations with
  /// libpg_query, on a thread of its own.
  static Result<OperationNames> Create(const StatementOptions& options);

  /// Whether comments can name statements at all.
  bool reads_comments() const { return !by_comment_.empty() || !keys_.empty(); }
  /// The name that a comment gives; empty if it gives none.
  std::string FromComment(const CommentTags& tags) const;
  /// The configured name of a statement, or null.
  const std::string* ForFingerprint(std::string_view fingerprint) const;

 private:
  Status Add(const ConfiguredOperation& operation);
  Status AddKey(const std::string& key);

  std::map<std::string, std::string, std::less<>> by_fingerprint_;
  std::map<std::string, std::string, std::less<>> by_comment_;
  std::vector<TagKey> keys_;
};

}  // namespace pgsidecar::sql
