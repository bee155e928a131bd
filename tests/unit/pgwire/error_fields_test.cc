#include "pgwire/error_fields.h"

#include <gtest/gtest.h>

#include <string>

namespace pgsidecar::pgwire {
namespace {

std::string SqlstateOf(const std::string& body) { return ReadErrorFields(body).sqlstate.data(); }

std::string Field(char code, const std::string& value) { return code + value + '\0'; }

TEST(ErrorFields, TheSqlstateIsFoundBehindAndInFrontOfOtherFields) {
  EXPECT_EQ(SqlstateOf(Field('S', "ERROR") + Field('C', "22012") + Field('M', "text") + '\0'),
            "22012");
  EXPECT_EQ(SqlstateOf(Field('C', "ABCDE") + Field('S', "ERROR") + '\0'), "ABCDE");
}

TEST(ErrorFields, AMissingOrMalformedSqlstateIsEmpty) {
  EXPECT_EQ(SqlstateOf(""), "");
  EXPECT_EQ(SqlstateOf(Field('S', "ERROR") + Field('M', "text") + '\0'), "");
  for (const char* value : {"", "2201", "abcde", "2201\n", "220123"}) {
    EXPECT_EQ(SqlstateOf(Field('C', value) + '\0'), "") << value;
  }
}

TEST(ErrorFields, AFieldCutShortIsAsIfMissing) {
  EXPECT_EQ(SqlstateOf(Field('S', "ERROR") + "C22012"), "");
  EXPECT_EQ(ReadErrorFields("SFATAL").severity, "");
}

TEST(ErrorFields, TheUntranslatedSeverityWins) {
  const std::string body = Field('S', "FATALE") + Field('V', "FATAL") + '\0';
  EXPECT_TRUE(ReadErrorFields(body).fatal());
}

}  // namespace
}  // namespace pgsidecar::pgwire
