#include "wire/tag_command.h"

#include <gtest/gtest.h>

namespace pgsidecar::wire {
namespace {

using metrics::Command;

TEST(TagCommand, ReadsTheFirstWord) {
  EXPECT_EQ(CommandOfTag("SELECT 1"), Command::kSelect);
  EXPECT_EQ(CommandOfTag("INSERT 0 5"), Command::kInsert);
  EXPECT_EQ(CommandOfTag("BEGIN"), Command::kTransaction);
  EXPECT_EQ(CommandOfTag("START TRANSACTION"), Command::kTransaction);
  EXPECT_EQ(CommandOfTag("CREATE TABLE"), Command::kDdl);
  EXPECT_EQ(CommandOfTag("SET"), Command::kUtility);
  EXPECT_EQ(CommandOfTag("SOMETHING NEW"), Command::kUtility);
  EXPECT_EQ(CommandOfTag(""), Command::kUnknown);
}

TEST(TagCommand, PrepareIsTransactionOnlyInTwoPhaseCommit) {
  EXPECT_EQ(CommandOfTag("PREPARE"), Command::kUtility);
  EXPECT_EQ(CommandOfTag("PREPARE TRANSACTION"), Command::kTransaction);
}

}  // namespace
}  // namespace pgsidecar::wire
