#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "config/keys.h"

namespace pgsidecar::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LoadTest : public testing::Test {
 protected:
  LoadTest() : directory_(testing::TempDir() + "pgsidecar_config_" + std::to_string(getpid())) {
    std::filesystem::create_directories(directory_);
  }
  ~LoadTest() override { std::filesystem::remove_all(directory_); }

  /// Writes f.yaml and returns its path.
  std::string File(std::string_view text) const {
    const std::string path = directory_ + "/f.yaml";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  /// The errors of a file, with its directory cut from each.
  std::vector<std::string> ErrorsOf(std::string_view text) const {
    std::vector<std::string> errors = Load({File(text), {}, {}}).errors;
    for (std::string& error : errors) {
      if (error.starts_with(directory_)) error.erase(0, directory_.size() + 1);
    }
    return errors;
  }

  const std::string directory_;
};

constexpr std::string_view kSeeKeys = "allowed: the keys of `pgsidecar describe configuration`";

TEST_F(LoadTest, NothingAtAllIsAConfiguration) {
  const Loaded loaded = Load({});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.wire.upstream.hosts[0].host, "127.0.0.1");
  EXPECT_EQ(loaded.config.wire.upstream.hosts[0].port, 5432);
  EXPECT_THAT(loaded.config.wire.listen, ElementsAre("127.0.0.1:6432"));
  EXPECT_EQ(loaded.config.admin.listen, "127.0.0.1:9432");
  EXPECT_EQ(loaded.SourceOf("upstream"), "default");
}

TEST_F(LoadTest, LaterSourcesWin) {
  Inputs inputs;
  inputs.file = File("wire:\n  max_clients: 1\n  login_timeout: 1s\nlog:\n  level: error\n");
  Loaded loaded = Load(inputs);
  EXPECT_EQ(loaded.config.wire.max_clients, 1U);
  EXPECT_EQ(loaded.SourceOf("wire.max_clients"), *inputs.file + ":2");

  inputs.environment = {{"PGSIDECAR_WIRE_MAX_CLIENTS", "2"}, {"PGSIDECAR_LOG_LEVEL", "debug"}};
  loaded = Load(inputs);
  EXPECT_EQ(loaded.config.wire.max_clients, 2U);
  EXPECT_EQ(loaded.SourceOf("wire.max_clients"), "environment variable PGSIDECAR_WIRE_MAX_CLIENTS");

  inputs.flags = {{"--set", "wire.max_clients", {"3"}}};
  loaded = Load(inputs);
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.wire.max_clients, 3U);
  EXPECT_EQ(loaded.SourceOf("wire.max_clients"), "flag --set");
  EXPECT_EQ(loaded.config.log.level, LogLevel::kDebug);
  EXPECT_EQ(loaded.config.wire.login_timeout, std::chrono::seconds(1));
}

TEST_F(LoadTest, AListReplacesTheFormerOne) {
  Inputs inputs;
  inputs.file = File("wire:\n  listen:\n    - 127.0.0.1:1\n    - 127.0.0.1:2\n");
  EXPECT_THAT(Load(inputs).config.wire.listen, ElementsAre("127.0.0.1:1", "127.0.0.1:2"));
  inputs.flags = {{"--listen", "wire.listen", {"127.0.0.1:3", "127.0.0.1:4"}}};
  EXPECT_THAT(Load(inputs).config.wire.listen, ElementsAre("127.0.0.1:3", "127.0.0.1:4"));
}

TEST_F(LoadTest, NestedAndDottedKeysAreTheSame) {
  EXPECT_EQ(Load({File("wire.max_clients: 5"), {}, {}}).config.wire.max_clients, 5U);
  EXPECT_EQ(Load({File("wire: {max_clients: 5}"), {}, {}}).config.wire.max_clients, 5U);
  EXPECT_TRUE(Load({File("slow_log: {explain: {enabled: true}}"), {}, {}}).config.explain.enabled);
  EXPECT_TRUE(Load({File("slow_log.explain: {enabled: true}"), {}, {}}).config.explain.enabled);
  EXPECT_THAT(ErrorsOf("wire:\nlog: ~\n# nothing\n"), IsEmpty());
  EXPECT_THAT(ErrorsOf(""), IsEmpty());
  EXPECT_THAT(ErrorsOf("---\n"), IsEmpty());
}

TEST_F(LoadTest, SectionsNestTwice) {
  const char* spellings[] = {
      "wire:\n  tls:\n    mode: allow\n    cert_file: /c\n    key_file: /k\n",
      "wire: {tls: {mode: allow, cert_file: /c, key_file: /k}}\n",
      "wire.tls: {mode: allow, cert_file: /c}\nwire.tls.key_file: /k\n",
      "wire: {tls.mode: allow, tls: {cert_file: /c, key_file: /k}}\n",
  };
  for (const char* text : spellings) {
    EXPECT_THAT(ErrorsOf(text), IsEmpty()) << text;
    const wire::ClientTls tls = Load({File(text), {}, {}}).config.wire.tls;
    EXPECT_EQ(tls.mode, wire::ClientTlsMode::kAllow) << text;
    EXPECT_EQ(tls.cert_file, "/c") << text;
    EXPECT_EQ(tls.key_file, "/k") << text;
  }
  EXPECT_THAT(ErrorsOf("wire:\n  tls: require\n"),
              ElementsAre("f.yaml:2: wire.tls: is a section, not a key; allowed: wire.tls.mode, "
                          "wire.tls.cert_file, wire.tls.key_file, wire.tls.client_ca_file"));
  EXPECT_THAT(ErrorsOf("wire:\n  tls:\n    certfile: /c\n"),
              ElementsAre("f.yaml:3: wire.tls.certfile: unknown key (did you mean "
                          "wire.tls.cert_file?); " +
                          std::string(kSeeKeys)));
}

TEST_F(LoadTest, WrongFilesAreOneLineEach) {
  const std::pair<const char*, std::string> cases[] = {
      {"upsteam: x\n",
       "f.yaml:1: upsteam: unknown key (did you mean upstream?); " + std::string(kSeeKeys)},
      {"\nwire:\n  max_client: 5\n",
       "f.yaml:3: wire.max_client: unknown key (did you mean wire.max_clients?); " +
           std::string(kSeeKeys)},
      {"foo:\n  bar: 1\n", "f.yaml:1: foo: unknown key; " + std::string(kSeeKeys)},
      {"upstream:\n  host: db\n", "f.yaml:1: upstream: is a map; allowed: a value or a list"},
      {"drain: 5s\n",
       "f.yaml:1: drain: is a section, not a key; allowed: drain.accept_for, drain.timeout"},
      {"slow_log:\n  explain: true\n",
       "f.yaml:2: slow_log.explain: is a section, not a key; allowed: slow_log.explain.enabled, "
       "slow_log.explain.analyze, slow_log.explain.timeout, slow_log.explain.every"},
      {"upstream:\n", "f.yaml:1: upstream: has no value"},
      {"wire:\n  max_clients: [1, 2]\n",
       "f.yaml:2: wire.max_clients: a list is not a single value; allowed: an integer from 1 to "
       "100000"},
      {"wire:\n  max_clients: many\n",
       "f.yaml:2: wire.max_clients: 'many' is not such an integer; allowed: an integer from 1 to "
       "100000"},
      {"log:\n  level: info\n  level: debug\n",
       "f.yaml:3: log.level: is set twice, before at FILE:2; allowed: once"},
      {"log.level: info\nlog:\n  level: debug\n",
       "f.yaml:3: log.level: is set twice, before at FILE:1; allowed: once"},
      {"wire:\n  listen: [[1]]\n",
       "f.yaml:2: wire.listen: holds a list element that is neither a value nor a map"},
      {"wire:\n  listen: [a: b]\n",
       "f.yaml:2: wire.listen: a list of maps is not a list; allowed: IPv4:port, [IPv6]:port or "
       "/directory:port, as in 127.0.0.1:6432, [::1]:6432, /run/pgsidecar:6432"},
      {"wire:\n  listen: [x, {a: b}]\n",
       "f.yaml:2: wire.listen: mixes values and maps in one list"},
      {"statements:\n  operations: [{name: {a: b}}]\n",
       "f.yaml:2: statements.operations: holds a map with a field that is not a single value; "
       "allowed: name: value"},
      {"- a\n- b\n", "f.yaml:1: is not a map; allowed: lines of `key: value`"},
      {"just text\n", "f.yaml:1: is not a map; allowed: lines of `key: value`"},
      {"[a]: b\n", "f.yaml:1: a key is not a single word"},
      {"log: {level: info}\n---\nlog: {level: info}\n",
       "f.yaml:2: is not valid YAML: more behind the end of the document"},
      {",", "f.yaml:1: is not valid YAML: more behind the end of the document"},
      {"log.level: info\n...\nlog.level: debug\n",
       "f.yaml:3: is not valid YAML: more behind the end of the document"},
      {"a: b\n\x01\n", "f.yaml:2: is not a text file; allowed: YAML in UTF-8"},
  };
  for (const auto& [text, expected] : cases) {
    std::string line = expected;
    if (const std::size_t at = line.find("FILE"); at != std::string::npos) {
      line.replace(at, 4, directory_ + "/f.yaml");
    }
    EXPECT_THAT(ErrorsOf(text), ElementsAre(line)) << text;
  }
}

TEST_F(LoadTest, BrokenYamlNamesTheLine) {
  const auto errors = ErrorsOf("log:\n  level: [info\nwire: x\n");
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_TRUE(errors[0].starts_with("f.yaml:3: is not valid YAML: ")) << errors[0];
}

TEST_F(LoadTest, HostileFilesAreRefusedQuickly) {
  EXPECT_EQ(ErrorsOf(std::string(5'000, '[')).size(), 1U);
  EXPECT_EQ(ErrorsOf(std::string(5'000, '{')).size(), 1U);
  EXPECT_EQ(ErrorsOf("a: &a {x: 1}\nb: &b {x: *a, y: *a}\nc: {x: *b, y: *b}\n").size(), 3U);
  EXPECT_EQ(ErrorsOf(std::string("wire: {listen: \0}", 17)).size(), 1U);
}

TEST_F(LoadTest, UnreadableFilesAreOneLine) {
  EXPECT_THAT(Load({"/nonexistent/f.yaml", {}, {}}).errors,
              ElementsAre("/nonexistent/f.yaml: cannot be read: No such file or directory"));
  EXPECT_THAT(Load({directory_, {}, {}}).errors,
              ElementsAre(directory_ + ": cannot be read: Is a directory"));
  EXPECT_THAT(ErrorsOf(std::string(kFileBytesMax + 1, '#')),
              ElementsAre("f.yaml: is larger than 1MiB; allowed: at most 1MiB"));
  EXPECT_THAT(ErrorsOf(std::string(kFileBytesMax, '#')), IsEmpty());
}

TEST_F(LoadTest, WrongVariablesAreOneLineEach) {
  const Inputs inputs{{},
                      {{"PGSIDECAR_LOG_LEVL", "info"},
                       {"PGSIDECAR_WIRE_MAX_CLIENTS", ""},
                       {"PGSIDECAR_NOTHING_LIKE_THIS", "1"},
                       {"PGSIDECARD", "not ours"},
                       {"HOME", "/root"}},
                      {}};
  EXPECT_THAT(
      Load(inputs).errors,
      ElementsAre("environment variable PGSIDECAR_LOG_LEVL: unknown key (did you mean "
                  "PGSIDECAR_LOG_LEVEL?); allowed: PGSIDECAR_ and a key of `pgsidecar describe "
                  "configuration`",
                  "environment variable PGSIDECAR_NOTHING_LIKE_THIS: unknown key; allowed: "
                  "PGSIDECAR_ and a key of `pgsidecar describe configuration`",
                  "environment variable PGSIDECAR_WIRE_MAX_CLIENTS: wire.max_clients: '' is not "
                  "such an integer; allowed: an integer from 1 to 100000"));
}

TEST_F(LoadTest, ServiceLinksOfKubernetesAreNotKeys) {
  const Inputs inputs{{},
                      {{"PGSIDECAR_SERVICE_HOST", "10.0.0.1"},
                       {"PGSIDECAR_SERVICE_PORT", "6432"},
                       {"PGSIDECAR_SERVICE_PORT_POSTGRES", "6432"},
                       {"PGSIDECAR_PORT", "tcp://10.0.0.1:6432"},
                       {"PGSIDECAR_PORT_6432_TCP", "tcp://10.0.0.1:6432"},
                       {"PGSIDECAR_PORT_6432_TCP_PROTO", "tcp"},
                       {"PGSIDECAR_PORT_6432_TCP_PORT", "6432"},
                       {"PGSIDECAR_PORT_6432_TCP_ADDR", "10.0.0.1"},
                       {"PGSIDECAR_METRICS_SERVICE_HOST", "10.0.0.1"},
                       {"PGSIDECAR_CONFIG", "read elsewhere"}},
                      {}};
  EXPECT_THAT(Load(inputs).errors, IsEmpty());
}

TEST_F(LoadTest, WrongFlagsAreOneLineEach) {
  EXPECT_THAT(Load({{},
                    {},
                    {{"--log-level", "log.level", {"loud"}},
                     {"--set", "log.levle", {"info"}},
                     {"--set", "log.level", {"info"}}}})
                  .errors,
              ElementsAre("flag --set: log.levle: unknown key (did you mean log.level?); " +
                              std::string(kSeeKeys),
                          "flag --log-level: log.level: 'loud' is not one of the choices; allowed: "
                          "debug, info, warning, error",
                          "flag --set: log.level: is set twice, before at flag --log-level; "
                          "allowed: once"));
}

TEST_F(LoadTest, AValueIsCheckedEvenIfALaterSourceReplacesIt) {
  const Inputs inputs{File("log: {level: loud}"), {{"PGSIDECAR_LOG_LEVEL", "info"}}, {}};
  EXPECT_EQ(Load(inputs).errors.size(), 1U);
}

TEST_F(LoadTest, AnAdminListenerForEverybodyTakesAnExplicitYes) {
  const std::string problem =
      "'0.0.0.0:9432' can be reached from outside without authentication; allowed: 127.0.0.0/8 or "
      "[::1], or any address with admin.token_file, admin.token or admin.allow_unauthenticated: "
      "true";
  EXPECT_THAT(Load({{}, {}, {{"--admin-listen", "admin.listen", {"0.0.0.0:9432"}}}}).errors,
              ElementsAre("flag --admin-listen: admin.listen: " + problem));
  EXPECT_THAT(ErrorsOf("admin:\n  listen: 0.0.0.0:9432\n  allow_unauthenticated: true\n"),
              IsEmpty());
}

TEST_F(LoadTest, AnAdminListenerForEverybodyMayHaveATokenInstead) {
  const std::string token(32, 't');
  EXPECT_THAT(ErrorsOf("admin:\n  listen: 0.0.0.0:9432\n  token: " + token + "\n"), IsEmpty());
  const std::string path = directory_ + "/tokens";
  std::ofstream(path) << token << "\n";
  EXPECT_THAT(ErrorsOf("admin:\n  listen: 0.0.0.0:9432\n  token_file: " + path + "\n"), IsEmpty());
}

TEST_F(LoadTest, AdminTokensAreCheckedWithoutBeingShown) {
  const std::string path = directory_ + "/tokens";
  std::ofstream(path) << "S3CRET\n";
  const std::string file_line = "f.yaml:1: admin.token_file: ";
  const std::pair<std::string, std::string> cases[] = {
      {"admin.token_file: " + path,
       file_line + "'" + path + "' line 1 is shorter than 32 bytes; allowed: "},
      {"admin.token_file: " + path + "x",
       file_line + "'" + path + "x' cannot be read: No such file or directory"},
      {"admin.token_file: S3CRET", file_line + "is not an absolute path; allowed: "},
      {"admin.token: S3CRET", "f.yaml:1: admin.token: line 1 is shorter than 32 bytes; allowed: "},
      {"admin.token: [S3CRET, S3CRET]",
       "f.yaml:1: admin.token: a list is not a single value; allowed: "},
      {"admin.token_scope: all",
       "f.yaml:1: admin.token_scope: 'all' needs a token, and there is none; allowed: "},
      {"admin.hosts: [\"pod-7:9432\"]",
       "f.yaml:1: admin.hosts: 'pod-7:9432' is not a host name; allowed: "},
  };
  for (const auto& [text, error] : cases) {
    const auto errors = ErrorsOf(text);
    ASSERT_EQ(errors.size(), 1U) << text;
    EXPECT_TRUE(errors[0].starts_with(error)) << errors[0];
    EXPECT_EQ(errors[0].find("S3CRET"), std::string::npos) << errors[0];
  }
}

TEST_F(LoadTest, AdminTokensComeFromOnePlace) {
  const std::string path = directory_ + "/tokens";
  std::ofstream(path) << std::string(32, 't') << "\n";
  const Inputs inputs{
      File("admin.token_file: " + path), {{"PGSIDECAR_ADMIN_TOKEN", std::string(32, 's')}}, {}};
  EXPECT_THAT(Load(inputs).errors,
              ElementsAre("environment variable PGSIDECAR_ADMIN_TOKEN: admin.token: is set beside "
                          "admin.token_file; allowed: one of them"));
}

TEST_F(LoadTest, NoErrorShowsThePasswordOfTheUpstream) {
  for (const std::string& error : ErrorsOf("upstream: postgresql://u:S3CRET@db:99999/x\n")) {
    EXPECT_EQ(error.find("S3CRET"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace pgsidecar::config
