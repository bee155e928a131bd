#include "wire/tag_command.h"

#include <array>
#include <utility>

namespace pgsidecar::wire {
namespace {

using metrics::Command;

// By the first word of the tag; every other command is a utility.
constexpr std::array<std::pair<std::string_view, Command>, 25> kCommands = {{
    {"SELECT", Command::kSelect},
    {"INSERT", Command::kInsert},
    {"UPDATE", Command::kUpdate},
    {"DELETE", Command::kDelete},
    {"MERGE", Command::kMerge},
    {"CALL", Command::kCall},
    {"BEGIN", Command::kTransaction},
    {"START", Command::kTransaction},
    {"COMMIT", Command::kTransaction},
    {"ROLLBACK", Command::kTransaction},
    {"SAVEPOINT", Command::kTransaction},
    {"RELEASE", Command::kTransaction},
    {"CREATE", Command::kDdl},
    {"ALTER", Command::kDdl},
    {"DROP", Command::kDdl},
    {"TRUNCATE", Command::kDdl},
    {"COMMENT", Command::kDdl},
    {"GRANT", Command::kDdl},
    {"REVOKE", Command::kDdl},
    {"REINDEX", Command::kDdl},
    {"REASSIGN", Command::kDdl},
    {"IMPORT", Command::kDdl},
    {"REFRESH", Command::kDdl},
    {"SECURITY", Command::kDdl},
    {"", Command::kUnknown},
}};

}  // namespace

metrics::Command CommandOfTag(std::string_view tag) {
  // PREPARE alone names a prepared statement; only PREPARE TRANSACTION ends a transaction.
  if (tag == "PREPARE TRANSACTION") return Command::kTransaction;
  const std::string_view word = tag.substr(0, tag.find(' '));
  for (const auto& [name, command] : kCommands) {
    if (word == name) return command;
  }
  return Command::kUtility;
}

}  // namespace pgsidecar::wire
