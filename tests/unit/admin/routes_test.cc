#include "admin/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "admin/admin_metrics.h"
#include "metrics/self_metrics.h"

namespace pgsidecar::admin {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class RouterTest : public testing::Test {
 protected:
  void SetUp() override {
    metrics::SlowLogOptions options;
    options.path = "/dev/null";
    auto slow_log = metrics::SlowLog::Open(options, registry_, clock_);
    ASSERT_TRUE(slow_log.ok());
    slow_log_ = std::move(slow_log).value();
    auto catalogue = sql::Catalogue::Create({}, registry_, clock_);
    ASSERT_TRUE(catalogue.ok());
    catalogue_ = std::move(catalogue).value();
    router_ = std::make_unique<Router>(
        AdminContext{.registry = registry_,
                     .catalogue = *catalogue_,
                     .slow_log = *slow_log_,
                     .clock = clock_,
                     .startup = [] { return Health{}; },
                     .live = []() -> Health { throw std::runtime_error("broken"); },
                     .ready = [] { return Health{}; },
                     .version = "",
                     .upstream = "",
                     .wire_address = ""},
        true);
  }
  std::string Get(std::string_view path) {
    Request request;
    request.method = "GET";
    request.path = path;
    request.http_version = "1.1";
    request.headers = {{"host", "localhost"}};
    return router_->Answer(request);
  }
  double Requests(std::string_view handler, std::string_view code) {
    return registry_.AddCounter(kAdminRequests, {handler, code}).Value();
  }

  SystemClock clock_;
  metrics::Registry registry_{1.0};
  std::unique_ptr<metrics::SlowLog> slow_log_;
  std::unique_ptr<sql::Catalogue> catalogue_;
  std::unique_ptr<Router> router_;
};

TEST_F(RouterTest, SendsTheFifthScrapeAwayAfterASecond) {
  {
    const ScrapeGate::Pass one(router_->scrapes()), two(router_->scrapes()),
        three(router_->scrapes()), four(router_->scrapes());
    const std::string answer = Get("/metrics");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: 1\r\n"));
    EXPECT_THAT(answer, HasSubstr("urn:pgsidecar:problem:busy"));
    EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_THAT(Get("/metrics"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(Requests("metrics", "503"), 1);
}

TEST_F(RouterTest, SurvivesAHandlerThatThrows) {
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_EQ(Requests("healthz", "500"), 1);
  EXPECT_EQ(registry_.AddCounter(metrics::kInternalErrorsTotal, {"admin"}).Value(), 1);
}

TEST_F(RouterTest, ForeseenCountersExistFromTheStart) {
  const std::string page = Get("/metrics");
  for (const char* handler : {"index", "asset", "metrics", "startup", "healthz", "readyz",
                              "statements", "slow_queries"}) {
    EXPECT_THAT(page, HasSubstr("pgsidecar_admin_requests_total{handler=\"" + std::string(handler) +
                                "\",code=\"200\"} 0"));
  }
}

}  // namespace
}  // namespace pgsidecar::admin
