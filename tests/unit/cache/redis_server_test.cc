#include "cache/redis_server.h"

#include <gtest/gtest.h>

namespace pgsidecar::cache {
namespace {

const std::string kId(40, 'a');

TEST(RedisServer, Info) {
  const auto server = ParseServerInfo(
      "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:" + kId + "\r\n");
  ASSERT_TRUE(server.ok());
  EXPECT_EQ(server.value().software, "Redis 7.0.15");
  EXPECT_EQ(server.value().major, 7);
  EXPECT_EQ(server.value().run_id, kId);
  EXPECT_FALSE(server.value().cluster);
}

TEST(RedisServer, ValkeyAndCluster) {
  const auto server = ParseServerInfo(
      "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\nredis_mode:"
      "cluster\r\nrun_id:" +
      kId);
  ASSERT_TRUE(server.ok());
  EXPECT_EQ(server.value().software, "Valkey 8.0.1");
  EXPECT_EQ(server.value().major, 8);
  EXPECT_TRUE(server.value().cluster);
}

TEST(RedisServer, WhatIsNoInfo) {
  EXPECT_FALSE(ParseServerInfo("").ok());
  EXPECT_FALSE(ParseServerInfo("run_id:" + kId).ok());
  EXPECT_FALSE(ParseServerInfo("redis_version:x\r\nrun_id:" + kId).ok());
  EXPECT_FALSE(ParseServerInfo("redis_version:7\r\nrun_id:short").ok());
  EXPECT_FALSE(ParseServerInfo("redis_version:7\r\nrun_id:" + std::string(40, '/')).ok());
}

TEST(RedisFailure, FirstWordDecides) {
  EXPECT_EQ(Classify("NOAUTH Authentication required."), RedisFailure::kAuth);
  EXPECT_EQ(Classify("WRONGPASS invalid"), RedisFailure::kAuth);
  EXPECT_EQ(Classify("NOPERM this user"), RedisFailure::kAuth);
  EXPECT_EQ(Classify("MOVED 1 a:1"), RedisFailure::kCluster);
  EXPECT_EQ(Classify("LOADING Redis is loading"), RedisFailure::kRefused);
  EXPECT_TRUE(IsOutOfMemory("OOM command not allowed"));
  EXPECT_FALSE(IsOutOfMemory("OOMX"));
  EXPECT_EQ(Name(RedisFailure::kCluster), "cluster");
}

TEST(RedisFailure, WordsQuoteNoValue) {
  EXPECT_EQ(ErrorWords("ERR unknown command 'secret', with"), "ERR unknown command ");
  EXPECT_EQ(ErrorWords("OOM command not allowed"), "OOM command not allowed");
}

TEST(RedisAddressBook, ForgetsAfterAWhile) {
  RedisAddressBook book;
  EXPECT_TRUE(book.Get(0).empty());
  book.Keep({net::UnixAddress("/a").value()}, 10);
  EXPECT_EQ(book.Get(10).size(), 1U);
  EXPECT_EQ(book.Get(10 + RedisAddressBook::kFresh - 1).size(), 1U);
  EXPECT_TRUE(book.Get(10 + RedisAddressBook::kFresh).empty());
  book.Keep({net::UnixAddress("/a").value()}, 10);
  book.Forget();
  EXPECT_TRUE(book.Get(10).empty());
}

}  // namespace
}  // namespace pgsidecar::cache
