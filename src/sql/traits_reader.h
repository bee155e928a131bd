#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sql/statement_traits.h"

namespace pgsidecar::sql {

/// Reads the JSON form of libpg_query's parse tree, without recursion. One tree per object.
class TraitsReader {
 public:
  StatementTraits Read(const nlohmann::json& tree);

 private:
  using Json = nlohmann::json;

  void ReadTopLevel(std::string_view kind, const Json& statement);
  void ReadTarget(std::string_view kind, const Json& statement);
  void ReadCommonTableExpression(const Json& expression);
  void ReadNode(std::string_view kind, const Json& node);
  void ReadRelation(const Json& relation);
  void ReadOperator(const Json& expression, const char* member);
  void ReadLiteral(const Json& constant);
  void ReadCreation(std::string_view kind, const Json& statement);
  void Push(std::string_view key, const Json& node);
  void Finish();

  struct Pending {
    std::string_view key;
    const Json* node;
  };

  StatementTraits traits_;
  std::vector<Pending> pending_;
  std::set<const Json*> targets_;  ///< Relations that are written, not read.
  std::set<std::string> ctes_;
};

}  // namespace pgsidecar::sql
