#include "admin/access.h"

#include <gtest/gtest.h>

#include <utility>

namespace pgsidecar::admin {
namespace {

const std::string kToken = "token-0123456789-0123456789-0123";
const std::string kOther = "other-0123456789-0123456789-0123";
const std::string kHuge(1 << 20, 'x');

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

enum class Listener { kLoopback, kOutside };

Access Make(Listener listener, const std::string& token = "",
            TokenScope scope = TokenScope::kMutating) {
  const AdminOptions options{
      .token = token, .token_scope = scope, .hosts = {"pgsidecar.internal", "Pod-7"}};
  auto tokens = TokenSet::Load(options);
  EXPECT_TRUE(tokens.ok());
  return {options, std::move(tokens).value(), listener == Listener::kLoopback};
}

int StatusOf(const std::optional<Response>& refused) { return refused ? refused->status : 200; }

int Stranger(const Access& access, Guard guard, const Headers& headers,
             std::string_view version = "1.1") {
  Request request;
  request.http_version = version;
  request.headers = headers;
  return StatusOf(access.RefuseStranger(request, guard));
}

int Caller(const Access& access, Guard guard, const Headers& headers) {
  Request request;
  request.headers = headers;
  return StatusOf(access.RefuseCaller(request, guard));
}

constexpr Guard kGuards[] = {Guard::kProbe, Guard::kRead, Guard::kMutating};

TEST(Access, OneHostIsNeeded) {
  for (const Listener listener : {Listener::kLoopback, Listener::kOutside}) {
    const Access access = Make(listener);
    for (const Guard guard : kGuards) {
      EXPECT_EQ(Stranger(access, guard, {}), 400);
      EXPECT_EQ(Stranger(access, guard, {{"Host", "localhost"}, {"HOST", "localhost"}}), 400);
      EXPECT_EQ(Stranger(access, guard, {}, "1.0"), guard == Guard::kMutating ? 400 : 200);
    }
  }
}

TEST(Access, AddressesLocalhostAndNamedHostsAreOurs) {
  for (const Listener listener : {Listener::kLoopback, Listener::kOutside}) {
    const Access access = Make(listener);
    for (const Guard guard : kGuards) {
      for (const char* host :
           {"127.0.0.1", "10.0.0.7:9432", "[::1]:9432", "localhost:9432", "LOCALHOST",
            "pgsidecar.internal", "PGSIDECAR.Internal:80", "pod-7:9432"}) {
        EXPECT_EQ(Stranger(access, guard, {{"host", host}}), 200) << host;
      }
    }
  }
}

TEST(Access, OtherNamesAreStrangersExceptToReadFromOutside) {
  for (const char* host :
       {"evil.example", "", "pgsidecar.internal.evil.example", "evil.pgsidecar.internal", "pod-7.",
        "pod-7:x", "[pod-7]", "pod", "localhost.evil.example", "127.0.0.1.evil.example"}) {
    for (const Guard guard : kGuards) {
      EXPECT_EQ(Stranger(Make(Listener::kLoopback), guard, {{"Host", host}}), 403) << host;
      EXPECT_EQ(Stranger(Make(Listener::kOutside), guard, {{"Host", host}}),
                guard == Guard::kMutating ? 403 : 200)
          << host;
    }
  }
}

TEST(Access, AnOriginIsTheListenerItself) {
  for (const Listener listener : {Listener::kLoopback, Listener::kOutside}) {
    const Access access = Make(listener, kToken, TokenScope::kAll);
    for (const Guard guard : kGuards) {
      const std::pair<std::string_view, std::string_view> host{"Host", "localhost:9432"};
      EXPECT_EQ(Stranger(access, guard, {host, {"Origin", "http://localhost:9432"}}), 200);
      for (const char* origin : {"http://evil.example", "null", "", "http://localhost",
                                 "https://localhost:9432", "http://localhost:9433"}) {
        EXPECT_EQ(Stranger(access, guard, {host, {"Origin", origin}}), 403) << origin;
      }
      EXPECT_EQ(Stranger(access, guard,
                         {host, {"Origin", "http://localhost:9432"}, {"Origin", "http://evil"}}),
                403);
    }
  }
}

struct TokenRow {
  Listener listener;
  const char* token;
  TokenScope scope;
  int probe, read, mutating;  ///< Without an Authorization header.
};

TEST(Access, EveryRowOfTheTokenRules) {
  const char* const token = kToken.c_str();
  const TokenRow rows[] = {
      {Listener::kLoopback, "", TokenScope::kMutating, 200, 200, 200},
      {Listener::kLoopback, token, TokenScope::kMutating, 200, 200, 401},
      {Listener::kLoopback, token, TokenScope::kAll, 200, 401, 401},
      {Listener::kOutside, "", TokenScope::kMutating, 200, 200, 401},
      {Listener::kOutside, token, TokenScope::kMutating, 200, 200, 401},
      {Listener::kOutside, token, TokenScope::kAll, 200, 401, 401},
  };
  const std::string good = "Bearer " + kToken;
  for (const TokenRow& row : rows) {
    const Access access = Make(row.listener, row.token, row.scope);
    EXPECT_EQ(Caller(access, Guard::kProbe, {}), row.probe);
    EXPECT_EQ(Caller(access, Guard::kRead, {}), row.read);
    EXPECT_EQ(Caller(access, Guard::kMutating, {}), row.mutating);
    const bool any = *row.token != '\0';
    for (const Guard guard : kGuards) {
      const int without = Caller(access, guard, {});
      EXPECT_EQ(Caller(access, guard, {{"Authorization", good}}), any ? 200 : without);
    }
  }
}

TEST(Access, OnlyTheWholeTokenIsGood) {
  const Access access = Make(Listener::kLoopback, kToken + "\n" + kOther);
  for (const std::string& good :
       {"Bearer " + kToken, "bearer " + kToken, "BEARER   " + kToken, "Bearer " + kOther}) {
    EXPECT_EQ(Caller(access, Guard::kMutating, {{"authorization", good}}), 200) << good;
  }
  for (const std::string& wrong :
       {std::string(), std::string("Bearer"), std::string("Bearer "), std::string("Bearer   "),
        kToken, "Basic " + kToken, "Bearer" + kToken, "Bearer\t" + kToken, "Bearer " + kToken + " ",
        "Bearer " + kToken + "," + kOther, "Bearer " + kToken.substr(0, 31), "Bearer x" + kToken,
        "Bearer \"" + kToken + "\"", "Bearer " + kToken + "\n" + kOther, "Token " + kToken,
        "Bearer " + kHuge}) {
    EXPECT_EQ(Caller(access, Guard::kMutating, {{"Authorization", wrong}}), 401)
        << wrong.substr(0, 80);
  }
  const std::string good = "Bearer " + kToken;
  EXPECT_EQ(Caller(access, Guard::kMutating, {{"Authorization", good}, {"authorization", good}}),
            400);
}

TEST(Access, ARefusalSaysHowToDoItAndShowsNothing) {
  const Access access = Make(Listener::kLoopback, kToken);
  Request request;
  const std::string wrong = "Bearer " + kOther;
  request.headers = {{"Authorization", wrong}};
  const auto refused = access.RefuseCaller(request, Guard::kMutating);
  ASSERT_TRUE(refused);
  ASSERT_EQ(refused->headers.size(), 1U);
  EXPECT_EQ(refused->headers[0].first, "WWW-Authenticate");
  EXPECT_EQ(refused->headers[0].second, "Bearer realm=\"pgsidecar\"");
  EXPECT_EQ(refused->content_type, "application/problem+json");
  EXPECT_EQ(refused->body.find(kToken), std::string::npos);
  EXPECT_EQ(refused->body.find(kOther), std::string::npos);
}

}  // namespace
}  // namespace pgsidecar::admin
