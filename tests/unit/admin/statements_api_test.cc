#include "admin/statements_api.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace pgsidecar::admin {
namespace {

using nlohmann::json;

std::vector<sql::StatementRow> Rows() {
  std::vector<sql::StatementRow> rows(3);
  rows[0] = {"app", "aa", "read", "SELECT a", "SELECT $1", 10, 0, 0, 5, 1.0, 0.1, 0.1, 0.9, 1};
  rows[1] = {"app", "bb", "write", "INSERT b", "INSERT", 2, 7, 1, 2, 3.0, 1.5, 1, 2, 2};
  rows[2] = {"app", "cc", "other", "other", "", 30, 1, 0, 90, 2.0, 0.06, 0.01, 0.2, 1};
  return rows;
}

std::string Order(std::string_view sort) {
  const Response answer = StatementsAnswer("sort=" + std::string(sort), Rows());
  std::string order;
  const json parsed = json::parse(answer.body);
  for (const json& row : parsed["statements"]) {
    order += row["fingerprint"].get<std::string>() + " ";
  }
  return order;
}

TEST(StatementsApi, ShowsEveryField) {
  const Response answer = StatementsAnswer("limit=1", Rows());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body,
            R"({"sort":"total","limit":1,"tracked":3,"statements":[{"datname":"app",)"
            R"("fingerprint":"bb","operation":"write","summary":"INSERT b","query":"INSERT",)"
            R"("calls":2,"errors":7,"slow":1,"rows":2,"total_seconds":3.0,"mean_seconds":1.5,)"
            R"("p50_seconds":1.0,"p95_seconds":2.0,"p99_seconds":2.0}]})"
            "\n");
}

TEST(StatementsApi, SortsLargestFirst) {
  EXPECT_EQ(Order("total"), "bb cc aa ");
  EXPECT_EQ(Order("calls"), "cc aa bb ");
  EXPECT_EQ(Order("mean"), "bb aa cc ");
  EXPECT_EQ(Order("p95"), "bb aa cc ");
  EXPECT_EQ(Order("errors"), "bb cc aa ");
  EXPECT_EQ(Order("rows"), "cc aa bb ");
  EXPECT_EQ(Order(""), Order("total"));
}

TEST(StatementsApi, KeepsEqualRowsInOneOrder) {
  std::vector<sql::StatementRow> rows = Rows();
  for (auto& row : rows) row.total_seconds = std::numeric_limits<double>::quiet_NaN();
  const std::string one = StatementsAnswer("", rows).body;
  std::reverse(rows.begin(), rows.end());
  EXPECT_EQ(one, StatementsAnswer("", rows).body);
  EXPECT_EQ(json::parse(one)["statements"][0]["total_seconds"], nullptr);
}

TEST(StatementsApi, NamesBadValuesAndWhatIsAllowed) {
  const Response sort = StatementsAnswer("sort=speed", Rows());
  EXPECT_EQ(sort.status, 400);
  EXPECT_EQ(sort.content_type, "application/problem+json");
  EXPECT_EQ(json::parse(sort.body)["detail"],
            "sort is \"speed\"; allowed: total, calls, mean, p95, errors, rows");
  for (const char* limit : {"0", "1001", "-1", "1.5", "x", "1x", "99999999999999999999999"}) {
    const Response answer = StatementsAnswer("limit=" + std::string(limit), Rows());
    EXPECT_EQ(answer.status, 400) << limit;
    EXPECT_EQ(json::parse(answer.body)["detail"],
              "limit is \"" + std::string(limit) + "\"; allowed: 1 to 1000");
  }
  EXPECT_EQ(StatementsAnswer("limit=1000", Rows()).status, 200);
  EXPECT_EQ(StatementsAnswer("offset=5", Rows()).status, 400);
}

TEST(StatementsApi, IsValidJsonWithHostileNames) {
  std::vector<sql::StatementRow> rows(1);
  const std::string hostile = std::string("\xff\xfe\"\\\n\0</script>", 15);
  rows[0].datname = rows[0].operation = rows[0].summary = rows[0].query = hostile;
  const json parsed = json::parse(StatementsAnswer("", rows).body);
  EXPECT_NE(parsed["statements"][0]["query"].get<std::string>().find("</script>"),
            std::string::npos);
}

TEST(StatementsApi, AnswersWithoutStatements) {
  EXPECT_EQ(json::parse(StatementsAnswer("", {}).body)["statements"], json::array());
}

}  // namespace
}  // namespace pgsidecar::admin
