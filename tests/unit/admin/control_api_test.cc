#include "admin/control_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pgsidecar::admin {
namespace {

using nlohmann::json;

TEST(ReloadResponse, NamesTheKeysThatWaitForARestart) {
  EXPECT_EQ(ReloadResponse({}).body, "{\"reloaded\":true,\"restart_needed\":[]}\n");
  const Response response = ReloadResponse({{}, {"wire.listen", "wire.threads"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            "{\"reloaded\":true,\"restart_needed\":[\"wire.listen\",\"wire.threads\"]}\n");
}

TEST(ReloadResponse, ListsEveryError) {
  const Response response = ReloadResponse({{"f.yaml:1: a", "f.yaml:2: \"b\" \xff"}, {}});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const json problem = json::parse(response.body);
  EXPECT_EQ(problem["type"], "urn:pgsidecar:problem:reload-failed");
  EXPECT_EQ(problem["title"], "Unprocessable Content");
  EXPECT_EQ(problem["status"], 422);
  EXPECT_EQ(problem["errors"], json({"f.yaml:1: a", "f.yaml:2: \"b\" \xef\xbf\xbd"}));
}

TEST(ReloadResponse, SaysThatThereWasNoTime) {
  const Response response = ReloadResponse({{std::string(kReloadBusy)}, {}});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(json::parse(response.body)["type"], "urn:pgsidecar:problem:busy");
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0].first, "Retry-After");
}

TEST(DrainResponse, IsOnlyAccepted) {
  const Response response = DrainResponse();
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, "{\"draining\":true}\n");
}

}  // namespace
}  // namespace pgsidecar::admin
