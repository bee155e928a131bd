#include "config/keys.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "config/load.h"
#include "config/print.h"

namespace pgsidecar::config {
namespace {

/// A value for every key that differs from its default, as a flag or variable spells it, and how
/// it is printed.
struct Sample {
  std::string text;
  std::string shown;
  std::vector<Flag> others = {};  ///< What the value needs to be allowed.
};

/// The one key whose value is never printed.
constexpr std::string_view kSecretKey = "admin.token";

/// A file of tokens, which is read with the configuration.
std::string TokenFile() {
  const std::string path = testing::TempDir() + "pgsidecar_keys_test_tokens";
  std::ofstream(path) << std::string(32, 'f') << "\n";
  return path;
}
Flag Set(const std::string& key, const std::string& value) { return {"--set", key, {value}}; }

const std::map<std::string, Sample, std::less<>>& Samples() {
  static const std::map<std::string, Sample, std::less<>> samples = {
      {"upstream", {"postgresql://a:b@db:1/x", "postgresql://a:***@db:1/x"}},
      {"slow_query_threshold", {"250ms", "250ms"}},
      {"operations",
       {"[{name: getUser, sql: 'SELECT 1', parameters: [id integer null]}]",
        "[{\"name\": \"getUser\", \"sql\": \"SELECT 1\", \"parameters\": [\"id int4 null\"]}]"}},
      {"executor.url", {"postgresql://a@db:1/x", "postgresql://a@db:1/x"}},
      {"executor.user", {"app", "app"}},
      {"executor.password_file", {"/p", "/p"}},
      {"executor.database", {"shop", "shop"}},
      {"executor.connections_max", {"9", "9"}},
      {"executor.connections_min", {"1", "1"}},
      {"executor.waiters_max", {"5", "5"}},
      {"executor.wait", {"2s", "2s"}},
      {"executor.timeout", {"7s", "7s"}},
      {"executor.statement_timeout", {"8s", "8s"}},
      {"executor.idle", {"0", "0"}},
      {"executor.lifetime", {"0", "0"}},
      {"executor.prepared_statements", {"0", "0"}},
      {"executor.facts_every", {"1m", "1m"}},
      {"cache.max_bytes", {"1GiB", "1GiB"}},
      {"cache.max_entry_bytes", {"2MiB", "2MiB"}},
      {"cache.default_ttl", {"1s", "1s"}},
      {"cache.max_ttl", {"2h", "2h"}},
      {"cache.negative_ttl", {"0", "0"}},
      {"cache.stale_while_revalidate", {"1s", "1s"}},
      {"cache.stale_if_error", {"0", "0"}},
      {"cache.beta", {"0.5", "0.5"}},
      {"cache.namespace", {"blue", "blue"}},
      {"cache.secret_file", {"/s", "/s"}},
      {"cache.redis.url", {"rediss://cache:6380/2", "rediss://cache:6380/2"}},
      {"cache.redis.database", {"3", "3"}},
      {"cache.redis.prefix", {"shop.", "shop."}},
      {"cache.redis.user", {"app", "app"}},
      {"cache.redis.password_file", {"/run/secrets/redis", "/run/secrets/redis"}},
      {"cache.redis.ca_file", {"/etc/ssl/ca.pem", "/etc/ssl/ca.pem"}},
      {"cache.redis.cert_file", {"/etc/ssl/cert.pem", "/etc/ssl/cert.pem"}},
      {"cache.redis.key_file", {"/etc/ssl/key.pem", "/etc/ssl/key.pem"}},
      {"cache.redis.connect_timeout", {"300ms", "300ms"}},
      {"cache.redis.soft_timeout", {"30ms", "30ms"}},
      {"cache.redis.hard_timeout", {"200ms", "200ms"}},
      {"cache.redis.near_ttl", {"1s", "1s"}},
      {"cache.redis.fallback_max_ttl", {"10s", "10s"}},
      {"cache.notify_channel", {"changes", "changes"}},
      {"cache.warmup",
       {"[{operation: getUser, params_from: list, limit: 5}]",
        "[{\"operation\": \"getUser\", \"params_from\": \"list\", \"limit\": \"5\"}]"}},
      {"wire.listen", {"127.0.0.1:1,[::1]:2,/run/x:3", "[127.0.0.1:1, \"[::1]:2\", /run/x:3]"}},
      {"wire.pass_through_listen", {"127.0.0.1:9", "[127.0.0.1:9]"}},
      {"wire.threads", {"auto", "auto"}},
      {"wire.tls.mode",
       {"require",
        "require",
        {Set("wire.tls.cert_file", "/c.pem"), Set("wire.tls.key_file", "/k.pem")}}},
      {"wire.tls.cert_file",
       {"/c.pem", "/c.pem", {Set("wire.tls.mode", "allow"), Set("wire.tls.key_file", "/k.pem")}}},
      {"wire.tls.key_file",
       {"/k.pem", "/k.pem", {Set("wire.tls.mode", "allow"), Set("wire.tls.cert_file", "/c.pem")}}},
      {"wire.tls.client_ca_file",
       {"/ca.pem",
        "/ca.pem",
        {Set("wire.tls.mode", "require"), Set("wire.tls.cert_file", "/c.pem"),
         Set("wire.tls.key_file", "/k.pem")}}},
      {"wire.allow_shared_identity", {"true", "true"}},
      {"wire.max_clients", {"7", "7"}},
      {"wire.max_prelude", {"8", "8"}},
      {"wire.max_cancels", {"9", "9"}},
      {"wire.max_queued_messages", {"1000", "1000"}},
      {"wire.max_prepared_statements", {"10", "10"}},
      {"wire.login_timeout", {"3s", "3s"}},
      {"wire.write_stall_timeout", {"90s", "90s"}},
      {"wire.cancel_on_disconnect", {"false", "false"}},
      {"wire.observe_memory", {"64MiB", "64MiB"}},
      {"drain.accept_for", {"0", "0"}},
      {"drain.timeout", {"1m", "1m"}},
      {"slow_log.path", {"/var/log/slow.json", "/var/log/slow.json"}},
      {"slow_log.rate", {"2.5", "2.5"}},
      {"slow_log.burst", {"5", "5"}},
      {"slow_log.running_after", {"5s", "5s"}},
      {"slow_log.explain.enabled", {"true", "true"}},
      {"slow_log.explain.analyze", {"true", "true"}},
      {"slow_log.explain.timeout", {"500ms", "500ms"}},
      {"slow_log.explain.every", {"1h", "1h"}},
      {"statements.limit", {"0", "0"}},
      {"statements.grace", {"1h", "1h"}},
      {"statements.text", {"off", "off"}},
      {"statements.names_from_comments", {"action,route", "[action, route]"}},
      {"statements.operations",
       {R"([{name: "a b", sql: "select ';'"}, {name: c, comment: d}])",
        R"([{name: "a b", sql: "select ';'"}, {name: "c", comment: "d"}])"}},
      {"admin.listen", {"127.0.0.1:1", "127.0.0.1:1"}},
      {"admin.allow_unauthenticated", {"true", "true"}},
      {"admin.token_file", {TokenFile(), TokenFile()}},
      {std::string(kSecretKey), {std::string(32, 's'), "\"***\""}},
      {"admin.token_scope", {"all", "all"}},
      {"admin.hosts", {"pod-7,a.b", "[pod-7, a.b]"}},
      {"log.level", {"debug", "debug"}},
      {"log.format", {"json", "json"}},
  };
  return samples;
}

/// Loads and says how `key` is printed and where it came from.
std::pair<std::string, std::string> Shown(const Key& key, Inputs inputs) {
  // A scope is for a token.
  if (key.name == "admin.token_scope") {
    inputs.environment.emplace_back(EnvironmentName(kSecretKey), std::string(32, 's'));
  }
  const Loaded loaded = Load(inputs);
  EXPECT_TRUE(loaded.errors.empty()) << loaded.errors.front();
  return {key.field.get(loaded.config), loaded.SourceOf(key.name)};
}

TEST(Keys, CanAllBeSetByFlag) {
  ASSERT_EQ(Samples().size(), Keys().size()) << "a key without a sample in this test";
  for (const Key& key : Keys()) {
    const Sample& sample = Samples().find(key.name)->second;
    Inputs inputs{{}, {}, sample.others};
    inputs.flags.push_back(Set(std::string(key.name), sample.text));
    const auto [shown, source] = Shown(key, inputs);
    EXPECT_EQ(shown, sample.shown) << key.name;
    EXPECT_EQ(source, "flag --set") << key.name;
    EXPECT_NE(shown, key.field.get(Config())) << key.name << ": the sample is the default";
  }
}

TEST(Keys, CanAllBeSetByTheEnvironment) {
  for (const Key& key : Keys()) {
    const Sample& sample = Samples().find(key.name)->second;
    const auto [shown, source] =
        Shown(key, {{}, {{EnvironmentName(key.name), sample.text}}, sample.others});
    EXPECT_EQ(shown, sample.shown) << key.name;
    EXPECT_EQ(source, "environment variable " + EnvironmentName(key.name)) << key.name;
  }
}

TEST(Keys, CanAllBeSetByAFile) {
  for (const Key& key : Keys()) {
    const Sample& sample = Samples().find(key.name)->second;
    const Settings read = ReadYamlText(std::string(key.name) + ": " + sample.shown, "f.yaml");
    ASSERT_TRUE(read.errors.empty()) << key.name << ": " << read.errors.front();
    ASSERT_EQ(read.settings.size(), 1U) << key.name;
    EXPECT_EQ(read.settings[0].source, "f.yaml:1");
    Config config;
    const Status set = key.field.set(config, read.settings[0].value);
    if (key.name == kSecretKey) {
      EXPECT_FALSE(set.ok()) << "what is printed of it is not taken for it";
      continue;
    }
    ASSERT_TRUE(set.ok()) << key.name << ": " << set.error().message;
    EXPECT_EQ(key.field.get(config), sample.shown) << key.name;
  }
}

TEST(Keys, TheirDefaultsAreAllowed) {
  for (const Key& key : Keys()) {
    const std::string shown = key.field.get(Config());
    const Settings read = ReadYamlText(std::string(key.name) + ": " + shown, "f.yaml");
    ASSERT_EQ(read.settings.size(), 1U) << key.name;
    Config config;
    EXPECT_TRUE(key.field.set(config, read.settings[0].value).ok()) << key.name;
    EXPECT_EQ(key.field.get(config), shown) << key.name;
  }
}

TEST(Keys, RefuseNonsenseAndKeepTheirValue) {
  for (const Key& key : Keys()) {
    Config config;
    const Status set = key.field.set(config, Value("\x01 nonsense"));
    ASSERT_FALSE(set.ok()) << key.name;
    // What may be a token is not shown.
    const bool shown = key.name != kSecretKey && key.name != "admin.token_file";
    EXPECT_EQ(set.error().message.find("'  nonsense'") != std::string::npos, shown)
        << set.error().message;
    EXPECT_NE(set.error().message.find("; allowed: "), std::string::npos) << set.error().message;
    EXPECT_EQ(key.field.get(config), key.field.get(Config())) << key.name;
  }
}

TEST(Keys, RefuseTheWrongShape) {
  for (const Key& key : Keys()) {
    Config config;
    const Value maps = std::vector<Entry>{{{"colour", "red"}}};
    EXPECT_FALSE(key.field.set(config, maps).ok()) << key.name;
  }
}

TEST(Keys, HaveDistinctNamesAndVariablesAndStandTogether) {
  std::set<std::string> names;
  std::set<std::string> sections;
  std::string before;
  for (const Key& key : Keys()) {
    EXPECT_TRUE(names.insert(EnvironmentName(key.name)).second) << key.name;
    for (std::size_t dot = key.name.find('.'); dot != std::string_view::npos;
         dot = key.name.find('.', dot + 1)) {
      const std::string section(key.name.substr(0, dot + 1));
      EXPECT_TRUE(before.starts_with(section) || sections.insert(section).second)
          << section << " is split";
    }
    before = key.name;
    EXPECT_TRUE(key.description.ends_with('.')) << key.name;
  }
}

TEST(Keys, AReloadChangesWhatNeedsNoRestart) {
  const std::set<std::string_view> restart = {"slow_query_threshold",
                                              "wire.listen",
                                              "wire.pass_through_listen",
                                              "wire.threads",
                                              "admin.listen",
                                              "admin.allow_unauthenticated",
                                              "log.format"};
  for (const Key& key : Keys()) {
    const bool explain = key.name.starts_with("slow_log.explain.");
    const bool book =
        (key.name.starts_with("slow_log.") && !explain) || key.name.starts_with("statements.");
    const bool operations = key.name == "operations" || key.name.starts_with("executor.") ||
                            key.name.starts_with("cache.");
    EXPECT_EQ(key.reloads, !book && !operations && !restart.contains(key.name)) << key.name;
  }
}

TEST(Keys, SuggestTheNearest) {
  const std::pair<const char*, const char*> cases[] = {
      {"upsteam", " (did you mean upstream?)"},
      {"wire.max_client", " (did you mean wire.max_clients?)"},
      {"max_clients", " (did you mean wire.max_clients?)"},
      {"wire.max-clients", " (did you mean wire.max_clients?)"},
      {"log.levle", " (did you mean log.level?)"},
      {"statement.limit", " (did you mean statements.limit?)"},
      {"upstream.host", ""},
      {"completely.different", ""},
  };
  for (const auto& [unknown, suggestion] : cases) EXPECT_EQ(Suggestion(unknown), suggestion);
  EXPECT_EQ(Suggestion(std::string(1'000'000, 'x')), "");
}

TEST(Keys, ThreadsAreANumberOrAuto) {
  const Key& key = *FindKey("wire.threads");
  Config config;
  EXPECT_EQ(key.field.get(config), "1");
  EXPECT_TRUE(key.field.set(config, Value("auto")).ok());
  EXPECT_EQ(config.wire.threads, 0U);
  EXPECT_TRUE(key.field.set(config, Value("64")).ok());
  EXPECT_EQ(config.wire.threads, 64U);
}

struct RangeCase {
  const char* key;
  const char* refused;
  const char* message;
};

TEST(Keys, NameTheRange) {
  constexpr RangeCase kCases[] = {
      {"wire.max_clients", "0", "'0' is out of range; allowed: an integer from 1 to 100000"},
      {"wire.max_clients", "100001",
       "'100001' is out of range; allowed: an integer from 1 to 100000"},
      {"wire.max_clients", "1.5",
       "'1.5' is not such an integer; allowed: an integer from 1 to 100000"},
      {"wire.threads", "0", "'0' is neither; allowed: auto, or an integer from 1 to 64"},
      {"wire.threads", "65", "'65' is neither; allowed: auto, or an integer from 1 to 64"},
      {"wire.tls.mode", "on", "'on' is not one of the choices; allowed: off, allow, require"},
      {"wire.tls.cert_file", "c.pem",
       "'c.pem' is not the path of a file; allowed: the absolute path of a file, or nothing"},
      {"wire.pass_through_listen", "db:1",
       "'db:1' is not a listen address; allowed: IPv4:port, [IPv6]:port or /directory:port, as in "
       "127.0.0.1:6432, [::1]:6432, /run/pgsidecar:6432"},
      {"slow_log.rate", "-1", "'-1' is out of range; allowed: a number from 0.01 to 10000"},
      {"slow_log.rate", "nan", "'nan' is out of range; allowed: a number from 0.01 to 10000"},
      {"slow_log.rate", "x", "'x' is not a number; allowed: a number from 0.01 to 10000"},
      {"slow_query_threshold", "2h",
       "'2h' is out of range; allowed: 1us to 1h, a number with ns, us, ms, s, m, h or d"},
      {"slow_query_threshold", "1",
       "'1' is not a duration; allowed: 1us to 1h, a number with ns, us, ms, s, m, h or d"},
      {"wire.observe_memory", "1kB",
       "'1kB' is out of range; allowed: 64KiB to 64GiB, an integer with B, kB, MB, GB, KiB, MiB, "
       "GiB or no unit"},
      {"wire.cancel_on_disconnect", "yes", "'yes' is not a boolean; allowed: true, false"},
      {"log.level", "loud",
       "'loud' is not one of the choices; allowed: debug, info, warning, error"},
      {"slow_log.path", "relative.log",
       "'relative.log' is not a log destination; allowed: stderr, or the absolute path of a file"},
      {"wire.listen", "127.0.0.1:1,127.0.0.1:1",
       "'127.0.0.1:1' is listed twice; allowed: IPv4:port, [IPv6]:port or /directory:port, as in "
       "127.0.0.1:6432, [::1]:6432, /run/pgsidecar:6432"},
      {"wire.listen", "",
       "'0 values' is a list of the wrong length; allowed: 1 to 16 of IPv4:port, [IPv6]:port or "
       "/directory:port, as in 127.0.0.1:6432, [::1]:6432, /run/pgsidecar:6432"},
  };
  for (const RangeCase& c : kCases) {
    Config config;
    const Status set = FindKey(c.key)->field.set(config, Value(c.refused));
    ASSERT_FALSE(set.ok()) << c.key << " " << c.refused;
    EXPECT_EQ(set.error().message, c.message);
  }
}

TEST(Operations, NameWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"[{name: a}]", "'a' does not have exactly one matcher"},
      {"[{name: a, sql: x, comment: y}]", "'a' does not have exactly one matcher"},
      {"[{name: a, name: b, sql: x}]", "'name' is there twice"},
      {"[{name: a, sql: \"\"}]", "'sql' is empty"},
      {"[{sql: x}]", "'' is not a name"},
      {"[{name: \"a;b\", sql: x}]", "'a;b' is not a name"},
      {"[{name: a, query: x}]", "'query' is not a field of an operation"},
      {"[{name: a, fingerprint: XYZ}]", "'XYZ' is not a fingerprint"},
      {"[a]", "'a' is not a map"},
      {"{name: a}", "is not a list of maps"},
      {"[", "is not a list of maps"},
  };
  for (const auto& [text, problem] : cases) {
    Config config;
    const Status set = FindKey("statements.operations")->field.set(config, Value(text));
    ASSERT_FALSE(set.ok()) << text;
    EXPECT_NE(set.error().message.find(problem), std::string::npos) << set.error().message;
    EXPECT_TRUE(config.statements.operations.empty());
  }
  std::string many = "[";
  for (int i = 0; i < 101; ++i) many += "{name: a, sql: x},";
  Config config;
  EXPECT_FALSE(FindKey("statements.operations")->field.set(config, Value(many + "]")).ok());
}

TEST(Keys, PlacesOfRedis) {
  Config config;
  const Key* const url = FindKey("cache.redis.url");
  ASSERT_NE(url, nullptr);
  for (const char* text : {"", "redis://cache", "unix:///run/redis.sock"}) {
    EXPECT_TRUE(url->field.set(config, Value(std::string(text))).ok()) << text;
  }
  const Status secret = url->field.set(config, Value(std::string("redis://u:hunter2@cache")));
  ASSERT_FALSE(secret.ok());
  EXPECT_NE(secret.error().message.find("cache.redis.password_file"), std::string::npos);
  EXPECT_EQ(secret.error().message.find("hunter2"), std::string::npos);
  const Key* const prefix = FindKey("cache.redis.prefix");
  ASSERT_NE(prefix, nullptr);
  for (const char* text : {"", "{pgsc}.", "a b", "a*"}) {
    EXPECT_FALSE(prefix->field.set(config, Value(std::string(text))).ok()) << text;
  }
}

}  // namespace
}  // namespace pgsidecar::config
