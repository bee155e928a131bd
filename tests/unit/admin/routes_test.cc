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
                     .reload =
                         [this] {
                           if (reload_breaks_) throw std::runtime_error("broken");
                           ++reloads_;
                           return reload_answer_;
                         },
                     .drain = [this] { ++drains_; },
                     .version = "",
                     .upstream = "",
                     .wire_address = ""},
        Access({}, {}, true));
  }
  Request Post(std::string_view path) const {
    Request request;
    request.method = "POST";
    request.path = path;
    request.http_version = "1.1";
    request.headers = {{"host", "localhost"}};
    request.peer = "127.0.0.1";
    return request;
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

  ReloadAnswer reload_answer_;
  bool reload_breaks_ = false;
  int reloads_ = 0;
  int drains_ = 0;
  SystemClock clock_;
  metrics::Registry registry_{1.0};
  std::unique_ptr<metrics::SlowLog> slow_log_;
  std::unique_ptr<sql::Catalogue> catalogue_;
  std::unique_ptr<Router> router_;
};

TEST_F(RouterTest, SendsTheFifthScrapeAwayAfterASecond) {
  {
    const Gate::Pass one(router_->scrapes()), two(router_->scrapes()), three(router_->scrapes()),
        four(router_->scrapes());
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

TEST_F(RouterTest, ReloadsAndDrainsOnPost) {
  reload_answer_.restart_needed = {"wire.listen"};
  EXPECT_THAT(router_->Answer(Post("/-/reload")),
              HasSubstr("\"restart_needed\":[\"wire.listen\"]"));
  reload_answer_.errors = {"f.yaml:1: upsteam: unknown key"};
  EXPECT_THAT(router_->Answer(Post("/-/reload")), HasSubstr("upsteam: unknown key"));
  EXPECT_EQ(reloads_, 2);
  EXPECT_THAT(router_->Answer(Post("/-/drain")), StartsWith("HTTP/1.1 202 Accepted\r\n"));
  EXPECT_EQ(drains_, 1);
  EXPECT_THAT(router_->Answer(Post("/-/drain")), StartsWith("HTTP/1.1 202 Accepted\r\n"));
  EXPECT_EQ(drains_, 2) << "the second one ends what is open";
  EXPECT_EQ(Requests("reload", "200"), 1);
  EXPECT_EQ(Requests("reload", "422"), 1);
  EXPECT_EQ(Requests("drain", "202"), 2);
}

TEST_F(RouterTest, ChangesNothingOnAnotherMethod) {
  for (const char* path : {"/-/reload", "/-/drain"}) {
    for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post", "POST,", ""}) {
      Request request = Post(path);
      request.method = method;
      const std::string answer = router_->Answer(request);
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 ")) << method;
      EXPECT_THAT(answer, HasSubstr("\r\nAllow: POST\r\n"));
    }
  }
  EXPECT_EQ(reloads_ + drains_, 0);
}

TEST_F(RouterTest, ReloadsOneAtATime) {
  {
    const Gate::Pass running(router_->reloads());
    EXPECT_THAT(router_->Answer(Post("/-/reload")), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(router_->Answer(Post("/-/drain")), StartsWith("HTTP/1.1 202 "));
  }
  EXPECT_EQ(reloads_, 0);
  reload_breaks_ = true;
  EXPECT_THAT(router_->Answer(Post("/-/reload")), StartsWith("HTTP/1.1 500 "));
  reload_breaks_ = false;
  EXPECT_THAT(router_->Answer(Post("/-/reload")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(RouterTest, ABodyIsJsonAndWhole) {
  const auto status_of = [&](Body body, std::vector<std::string_view> types) {
    Request request = Post("/-/drain");
    request.body = body;
    for (const std::string_view type : types) request.headers.emplace_back("Content-Type", type);
    return router_->Answer(request).substr(9, 3);
  };
  for (const char* type :
       {"application/json", "APPLICATION/JSON", "application/json ; charset=x"}) {
    EXPECT_EQ(status_of(Body::kRead, {type}), "202") << type;
    EXPECT_EQ(status_of(Body::kTooLarge, {type}), "413");
    EXPECT_EQ(status_of(Body::kBroken, {type}), "400");
  }
  EXPECT_EQ(drains_, 3);
  EXPECT_EQ(status_of(Body::kNone, {"text/plain"}), "202") << "no body, no type";
  for (const char* type :
       {"", "text/plain", "application/x-www-form-urlencoded", "application/json5",
        "multipart/form-data; boundary=application/json", "application"}) {
    EXPECT_EQ(status_of(Body::kRead, {type}), "415") << type;
  }
  EXPECT_EQ(status_of(Body::kRead, {}), "415");
  EXPECT_EQ(status_of(Body::kRead, {"application/json", "text/plain"}), "415");
  EXPECT_EQ(drains_, 4);
}

TEST_F(RouterTest, CountsCallersWithoutAToken) {
  const std::string token(32, 't'), header = "Bearer " + token;
  const AdminOptions options{.token = token, .token_scope = TokenScope::kAll};
  router_->SetAccess(Access(options, TokenSet::Load(options).value(), true));
  EXPECT_THAT(Get("/metrics"), StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(Get("/unknown"), StartsWith("HTTP/1.1 404 "));
  Request request = Post("/-/drain");
  EXPECT_THAT(router_->Answer(request), StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_EQ(drains_, 0);
  request.headers.emplace_back("Authorization", header);
  EXPECT_THAT(router_->Answer(request), StartsWith("HTTP/1.1 202 Accepted\r\n"));
  EXPECT_EQ(registry_.AddCounter(kAdminUnauthorized).Value(), 2);
  EXPECT_EQ(Requests("drain", "401"), 1);
  EXPECT_EQ(Requests("metrics", "401"), 1);
}

TEST_F(RouterTest, ForeseenCountersExistFromTheStart) {
  const std::string page = Get("/metrics");
  for (const char* handler : {"index", "asset", "metrics", "startup", "healthz", "readyz",
                              "statements", "slow_queries", "reload"}) {
    EXPECT_THAT(page, HasSubstr("pgsidecar_admin_requests_total{handler=\"" + std::string(handler) +
                                "\",code=\"200\"} 0"));
  }
  EXPECT_THAT(page, HasSubstr("pgsidecar_admin_requests_total{handler=\"drain\",code=\"202\"} 0"));
  EXPECT_THAT(page, HasSubstr("pgsidecar_admin_unauthorized_total 0"));
}

}  // namespace
}  // namespace pgsidecar::admin
