#include "sql/identity.h"

#include <gmock/gmock.h>
#include <pg_query.h>

#include <map>

#include "sql/large_stack.h"
#include "unit/sql/corpus.h"
#include "unit/sql/scan_text.h"

namespace pgsidecar::sql {
namespace {

Identity IdentityOf(const Scanned& scanned) {
  Identity identity;
  const Canonical canonical{scanned.canonical, scanned.too_long};
  const Status status = RunOnLargeStack([&] { identity = Identify(scanned.shape, canonical); });
  EXPECT_TRUE(status.ok());
  return identity;
}

Identity IdentityOf(std::string_view text) { return IdentityOf(ScanOne(text)); }

/// libpg_query's fingerprint of a raw text; empty if it refuses it.
std::string RawFingerprint(const std::string& text) {
  PgQueryFingerprintResult result = pg_query_fingerprint(text.c_str());
  std::string fingerprint = result.error == nullptr ? result.fingerprint_str : "";
  pg_query_free_fingerprint_result(result);
  return fingerprint;
}

/// libpg_query's own idea of a text without literals; empty if it refuses it.
std::string Normalise(const std::string& text) {
  PgQueryNormalizeResult result = pg_query_normalize(text.c_str());
  std::string normalised = result.error == nullptr ? result.normalized_query : "";
  pg_query_free_normalize_result(result);
  return normalised;
}

/// Masks the words that libpg_query takes for constants and we do not.
std::string WithoutWords(std::string text) {
  for (const std::string word : {"TRUE", "FALSE", "NULL", "ALL"}) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
      text.replace(at, word.size(), "$0");
    }
  }
  std::string masked;
  for (std::size_t i = 0; i < text.size(); ++i) {
    masked.push_back(text[i]);
    if (text[i] != '$') continue;
    while (i + 1 < text.size() && IsDigit(static_cast<std::uint8_t>(text[i + 1]))) ++i;
  }
  return masked;
}

TEST(Identity, IsThatOfTheRawText) {
  std::size_t accepted = 0;
  for (const std::string& text : Corpus()) {
    const Identity identity = IdentityOf(text);
    const std::string raw = RawFingerprint(text);
    if (raw.empty()) {
      EXPECT_EQ(identity.kind, IdentityKind::kRejected) << text;
      continue;
    }
    ++accepted;
    EXPECT_EQ(identity.fingerprint, raw) << text << "\n" << identity.query;
  }
  EXPECT_GE(accepted, 200U);
}

/// Where libpg_query sees another statement in the masked text. May only shrink.
TEST(Identity, DiffersFromThatOfTheRawTextInNamedCases) {
  for (const char* text : {"SELECT a::int[3] FROM t", "SELECT - - 1"}) {
    EXPECT_NE(IdentityOf(text).fingerprint, RawFingerprint(text)) << text;
  }
}

/// Where the normaliser of libpg_query does something else: it masks a word (`extract(epoch …`) and
/// takes a bracket for a digit (`-(1)`).
bool IsKnownDifference(const std::string& text) {
  return text.find("extract(epoch") != std::string::npos || text.find("-(1)") != std::string::npos;
}

TEST(Identity, AgreesWithTheNormaliserOfLibpgQuery) {
  std::size_t compared = 0;
  for (const std::string& text : Corpus()) {
    const std::string normalised = Normalise(text);
    if (normalised.empty() || IsKnownDifference(text)) continue;
    ++compared;
    EXPECT_EQ(WithoutWords(Canonical1(text)), WithoutWords(Canonical1(normalised))) << text << "\n"
                                                                                    << normalised;
  }
  EXPECT_GE(compared, 200U);
}

TEST(Identity, IsEqualForEqualShapes) {
  std::map<std::uint64_t, std::string> known;
  for (const std::string& text : Corpus()) {
    const Scanned scanned = ScanOne(text);
    const std::string fingerprint = IdentityOf(scanned).fingerprint;
    EXPECT_EQ(known.emplace(scanned.shape.hash, fingerprint).first->second, fingerprint) << text;
  }
}

/// Fixed numbers: they must be the same on every instance, after every restart and on every
/// platform. A change needs a new kScannerVersion.
TEST(Identity, IsTheSameInEveryProcess) {
  EXPECT_EQ(IdentityOf("SELECT abalance FROM pgbench_accounts WHERE aid = 7").fingerprint,
            "348bee4e67e86ca6");
  EXPECT_EQ(Hex(Shape1("SELECT abalance FROM pgbench_accounts WHERE aid = 7")), "0f76a21f880608ff");
  EXPECT_EQ(IdentityOf("SELECT FROM FROM").fingerprint, "c702d9e34f8777a6");
  EXPECT_EQ(IdentityOf("CREATE TABLE t (a int)").fingerprint, "a4dffc3d6c74721f");
}

TEST(Identity, OfOtherStatementsIsTheirTag) {
  const std::pair<const char*, const char*> cases[] = {
      {"begin isolation level serializable", "BEGIN"},
      {"end", "COMMIT"},
      {"rollback to a", "ROLLBACK"},
      {"commit prepared 'x'", "COMMIT PREPARED"},
      {"prepare transaction 'x'", "PREPARE TRANSACTION"},
      {"prepare x as select 1", "PREPARE"},
      {"execute x(1, 'secret')", "EXECUTE"},
      {"create unlogged table t (a int)", "CREATE TABLE"},
      {"create unique index concurrently i on t (a)", "CREATE INDEX"},
      {"create or replace procedure p() language sql as ''", "CREATE PROCEDURE"},
      {"create materialized view v as select 1", "CREATE MATERIALIZED VIEW"},
      {"create foreign data wrapper w", "CREATE FOREIGN DATA WRAPPER"},
      {"create foreign table f (a int) server s", "CREATE FOREIGN TABLE"},
      {"create user mapping for u server s options (password 'x')", "CREATE USER MAPPING"},
      {"alter user u password 'x'", "ALTER ROLE"},
      {"alter default privileges grant select on tables to u", "ALTER DEFAULT PRIVILEGES"},
      {"drop table t", "DROP TABLE"},
      {"declare c cursor for select 1", "DECLARE CURSOR"},
      {"notify c, 'x'", "NOTIFY"},
      {"set a to 'x'", "SET"},
      {"vacuum full t", "VACUUM"},
      {"copy t from program 'x'", "COPY"},
  };
  for (const auto& [text, tag] : cases) {
    const Identity identity = IdentityOf(text);
    EXPECT_EQ(identity.query, tag) << text;
    EXPECT_EQ(identity.summary, tag) << text;
    EXPECT_EQ(identity.kind, IdentityKind::kUtility) << text;
    EXPECT_EQ(identity.fingerprint.size(), 16U) << text;
  }
  EXPECT_EQ(IdentityOf("selec 'x'").fingerprint, "unknown");
}

TEST(Identity, OfATooLongTextIsItsShape) {
  std::string text = "SELECT a";
  while (text.size() < CanonicalText::kCapacity) text += " + a";
  const Identity identity = IdentityOf(text + " FROM t");
  EXPECT_EQ(identity.kind, IdentityKind::kTooLong);
  EXPECT_EQ(identity.fingerprint.size(), 16U);
  EXPECT_NE(identity.fingerprint, IdentityOf(text + " FROM u").fingerprint);
}

TEST(Identity, SurvivesDeeplyNestedTextsOfSixteenKibibytes) {
  for (const std::string unit : {"+a", "||a", " AND a", " OR a", " NOT", "(", "[", "-", " a.",
                                 "::int", "*-a", " CASE WHEN a THEN ", "@", ",a", " IN (a",
                                 " UNION SELECT 1", " JOIN t ON (", "=a", " COLLATE a"}) {
    std::string text = "SELECT a";
    while (text.size() + 2 * unit.size() < CanonicalText::kCapacity / 2) text += unit;
    const Scanned scanned = ScanOne(text);
    const Identity identity = IdentityOf(scanned);
    EXPECT_FALSE(identity.fingerprint.empty()) << unit;
    EXPECT_LE(identity.summary.size(), 255U) << unit;
  }
}

TEST(Identity, SurvivesBytesThatAreNotUtf8) {
  const Identity identity = IdentityOf("SELECT a\xff\xc3 FROM \"\xe2\x82\"");
  EXPECT_EQ(identity.query.find('\xff'), std::string::npos);
  EXPECT_FALSE(identity.fingerprint.empty());
}

}  // namespace
}  // namespace pgsidecar::sql
