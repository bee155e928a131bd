#include "executor/connection_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::executor {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ConnectionString, LeavesToLibpqWhatIsNotGiven) {
  EXPECT_EQ(ConnectionString({}),
            "connect_timeout='5' gssencmode='disable' client_encoding='UTF8' "
            "application_name='pgsidecar'");
}

TEST(ConnectionString, QuotesWhatIsNotPlain) {
  ConnectionOptions options;
  options.user = "o'brien \\ sons";
  options.password = "a b' host='evil";
  options.dbname = "x=y";
  const std::string text = ConnectionString(options);
  EXPECT_THAT(text, HasSubstr(R"(user='o\'brien \\ sons')"));
  EXPECT_THAT(text, HasSubstr(R"(password='a b\' host=\'evil')"));
  EXPECT_THAT(text, HasSubstr("dbname='x=y'"));
}

TEST(ConnectionString, ListsHostsAndPortsInOrder) {
  ConnectionOptions options;
  options.hosts = {{"a", "", 1}, {"/run/postgresql", "", 5432}, {"::1", "", 3}};
  const std::string text = ConnectionString(options);
  EXPECT_THAT(text, HasSubstr("host='a,/run/postgresql,::1' port='1,5432,3'"));
  EXPECT_THAT(text, Not(HasSubstr("hostaddr")));
}

TEST(ConnectionString, GivesEachHostItsAddress) {
  ConnectionOptions options;
  options.hosts = {{"a", "10.0.0.1", 1}, {"b", "", 2}};
  EXPECT_THAT(ConnectionString(options), HasSubstr("host='a,b' hostaddr='10.0.0.1,' port='1,2'"));
}

TEST(ConnectionString, RoundsTimeoutsUp) {
  ConnectionOptions options;
  options.connect_timeout = std::chrono::milliseconds(2100);
  options.tcp_user_timeout = std::chrono::milliseconds(700);
  const std::string text = ConnectionString(options);
  EXPECT_THAT(text, HasSubstr("connect_timeout='3'"));
  EXPECT_THAT(text, HasSubstr("tcp_user_timeout='700'"));
}

TEST(ConnectionString, PassesTheWordsOfTls) {
  ConnectionOptions options;
  options.sslmode = "verify-full";
  options.sslrootcert = "/etc/ca file.pem";
  options.sslcert = "c";
  options.sslkey = "k";
  options.target_session_attrs = "read-write";
  EXPECT_THAT(ConnectionString(options),
              HasSubstr("sslmode='verify-full' sslrootcert='/etc/ca file.pem' sslcert='c' "
                        "sslkey='k' target_session_attrs='read-write'"));
}

}  // namespace
}  // namespace pgsidecar::executor
