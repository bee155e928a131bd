#include "app/sidecar.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/command_line.h"
#include "app/run.h"
#include "base/unique_fd.h"
#include "config/print.h"

namespace pgsidecar::app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

sockaddr_in LoopbackAddress(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

/// A listener that keeps its port taken.
struct TakenPort {
  TakenPort() : fd(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = LoopbackAddress(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd.get(), 1), 0);
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
    name = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  UniqueFd fd;
  std::string name;
};

/// The whole answer to a GET.
std::string Get(const std::string& address, const std::string& path) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  const sockaddr_in to = LoopbackAddress(std::stoi(address.substr(address.rfind(':') + 1)));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return {};
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n";
  EXPECT_EQ(write(fd.get(), request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  char block[4096];
  for (ssize_t got = 1; got > 0;) {
    got = read(fd.get(), block, sizeof block);
    if (got > 0) answer.append(block, static_cast<std::size_t>(got));
  }
  return answer;
}

/// Free ports everywhere, and nobody at the upstream's.
config::Inputs TestInputs(const std::vector<config::Flag>& more = {}) {
  config::Inputs inputs{{},
                        {},
                        {{"--upstream", "upstream", {"postgresql://127.0.0.1:1"}},
                         {"--log-level", "log.level", {"error"}}}};
  const auto overridden = [&](const std::string& key) {
    return std::any_of(more.begin(), more.end(),
                       [&](const config::Flag& flag) { return flag.key == key; });
  };
  for (const char* key : {"wire.listen", "admin.listen"}) {
    if (!overridden(key)) inputs.flags.push_back({"--set", key, {"127.0.0.1:0"}});
  }
  inputs.flags.insert(inputs.flags.end(), more.begin(), more.end());
  return inputs;
}

config::Loaded TestConfig(const std::vector<config::Flag>& more = {}) {
  config::Loaded loaded = config::Load(TestInputs(more));
  EXPECT_TRUE(loaded.errors.empty()) << loaded.errors.front();
  return loaded;
}

std::string StartError(const config::Loaded& loaded) {
  ControlQueue control([] {});
  const auto started = Sidecar::Start(loaded, {[] { return config::Loaded(); }, control});
  return started.ok() ? "started" : started.error().message;
}

TEST(Sidecar, ServesProbesAndMetricsUntilItsEnd) {
  const config::Loaded loaded = TestConfig();
  ControlQueue control([] {});
  auto started = Sidecar::Start(loaded, {[] { return config::Loaded(); }, control});
  ASSERT_TRUE(started.ok()) << started.error().message;
  Sidecar& sidecar = *started.value();
  const std::string admin = sidecar.admin_address();
  EXPECT_EQ(sidecar.wire_addresses().size(), 1U);
  EXPECT_THAT(Get(admin, "/startup"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get(admin, "/healthz"), StartsWith("HTTP/1.1 200"));
  const std::string readiness = Get(admin, "/readyz");
  EXPECT_THAT(readiness, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(readiness, HasSubstr("PostgreSQL at 127.0.0.1:1 has not been reached yet"));

  std::string page = Get(admin, "/metrics");
  for (const std::string& line :
       {"pgsidecar_config_info{hash=\"" + config::HashConfig(loaded.config) + "\"} 1",
        std::string("pgsidecar_build_info{version=\""), std::string("pgsidecar_draining 0\n"),
        std::string("pgsidecar_config_last_reload_successful 1\n"),
        std::string("pgsidecar_series_limit "), std::string("process_start_time_seconds "),
        std::string("pgsidecar_events_dropped_total{sink=\"log\"} 0\n")}) {
    EXPECT_THAT(page, HasSubstr(line));
  }

  sidecar.Tick();
  sidecar.Drain();
  sidecar.Join();
  page = Get(admin, "/metrics");
  EXPECT_THAT(page, HasSubstr("pgsidecar_draining 1\n"));
  EXPECT_THAT(Get(admin, "/readyz"), HasSubstr("draining"));
}

TEST(Sidecar, NamesTheKeyOfAPortInUse) {
  const TakenPort taken;
  const std::string wire =
      StartError(TestConfig({{"--listen", "wire.listen", {"127.0.0.1:0", taken.name}}}));
  EXPECT_THAT(wire, StartsWith("flag --listen: wire.listen: "));
  EXPECT_THAT(wire, HasSubstr(taken.name));
  EXPECT_THAT(wire, HasSubstr("in use"));
  const std::string admin =
      StartError(TestConfig({{"--admin-listen", "admin.listen", {taken.name}}}));
  EXPECT_THAT(admin, StartsWith("flag --admin-listen: admin.listen: "));
  EXPECT_THAT(admin, HasSubstr(taken.name));
  EXPECT_THAT(admin, HasSubstr("in use"));
}

TEST(Sidecar, NamesTheKeyOfALogThatCannotBeOpened) {
  const std::string error =
      StartError(TestConfig({{"--set", "slow_log.path", {"/nonexistent/slow.json"}}}));
  EXPECT_THAT(error, StartsWith("flag --set: slow_log.path: "));
  EXPECT_THAT(error, HasSubstr("/nonexistent/slow.json"));
}

/// A running sidecar whose configuration is a file.
class SidecarReload : public testing::Test {
 protected:
  SidecarReload() : path_(testing::TempDir() + "reload_" + std::to_string(getpid()) + ".yaml") {
    Write("wire: {max_clients: 10}\n");
    inputs_.file = path_;
    auto started =
        Sidecar::Start(config::Load(inputs_), {[this] { return config::Load(inputs_); }, control_});
    EXPECT_TRUE(started.ok()) << started.error().message;
    sidecar_ = std::move(started).value();
  }
  ~SidecarReload() override { std::filesystem::remove(path_); }

  void Write(const std::string& text) const { std::ofstream(path_) << text; }
  std::string Page() const { return Get(sidecar_->admin_address(), "/metrics"); }

  const std::string path_;
  config::Inputs inputs_ = TestInputs();
  ControlQueue control_{[] {}};
  std::unique_ptr<Sidecar> sidecar_;
};

TEST_F(SidecarReload, UsesTheNewValues) {
  const std::string before = config::HashConfig(sidecar_->config());
  Write("wire: {max_clients: 20}\n");
  const ReloadReport report = sidecar_->Reload();
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_THAT(report.restart_needed, IsEmpty());
  EXPECT_EQ(sidecar_->config().wire.max_clients, 20U);
  EXPECT_THAT(Page(), HasSubstr(config::HashConfig(sidecar_->config())));
  EXPECT_THAT(Page(), Not(HasSubstr(before)));
}

TEST_F(SidecarReload, NamesWhatWaitsForARestart) {
  Write("wire: {max_clients: 20, threads: 2}\nlog: {format: json}\n");
  for (int i = 0; i < 2; ++i) {
    const ReloadReport report = sidecar_->Reload();
    EXPECT_THAT(report.errors, IsEmpty());
    EXPECT_THAT(report.restart_needed, ElementsAre("wire.threads", "log.format"));
  }
  EXPECT_EQ(sidecar_->config().wire.threads, 1U);
}

TEST_F(SidecarReload, AnyErrorLeavesEverythingAsItWas) {
  const std::pair<const char*, const char*> cases[] = {
      {"wire: [\n", "is not valid YAML"},
      {"wire: {max_clients: 20, max_client: 1}\n", "wire.max_client: unknown key"},
      {"wire: {max_clients: 20, tls: {mode: allow}}\n", "wire.tls.mode: 'allow' needs"},
      {"statements: {operations: [{name: a, sql: \"select 1; select 2\"}]}\n",
       "statements.operations: "},
  };
  for (const auto& [text, problem] : cases) {
    Write(text);
    EXPECT_THAT(sidecar_->Reload().errors, Contains(HasSubstr(problem))) << text;
    EXPECT_EQ(sidecar_->config().wire.max_clients, 10U);
    EXPECT_THAT(Page(), HasSubstr("pgsidecar_config_last_reload_successful 0\n"));
    EXPECT_THAT(Page(), HasSubstr(config::HashConfig(sidecar_->config())));
  }
  Write("wire: {max_clients: 20}\n");
  EXPECT_THAT(sidecar_->Reload().errors, IsEmpty());
  EXPECT_THAT(Page(), HasSubstr("pgsidecar_config_last_reload_successful 1\n"));
}

TEST_F(SidecarReload, IsRefusedDuringTheDrain) {
  Write("wire: {max_clients: 20}\n");
  sidecar_->Drain();
  EXPECT_THAT(sidecar_->Reload().errors,
              ElementsAre("draining: the configuration is not read again"));
  EXPECT_EQ(sidecar_->config().wire.max_clients, 10U);
  EXPECT_THAT(Page(), HasSubstr("pgsidecar_config_last_reload_successful 1\n"));
}

TEST(Run, EndsWithTheDrainThatASignalStarts) {
  const config::Loaded loaded = TestConfig({{"--set", "drain.accept_for", {"0"}}});
  int exit_code = -1;
  std::thread runner([&] {
    // A signal sent before Run blocks it would end the test: this thread blocks it first.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    pthread_kill(pthread_self(), SIGTERM);
    exit_code = app::Run(loaded, [] { return config::Loaded(); });
  });
  runner.join();
  EXPECT_EQ(exit_code, kExitOk);
}

TEST(Run, RefusesAConfigurationThatCannotStart) {
  const TakenPort taken;
  testing::internal::CaptureStderr();
  const config::Loaded loaded = TestConfig({{"--listen", "wire.listen", {taken.name}}});
  EXPECT_EQ(app::Run(loaded, [] { return config::Loaded(); }), kExitUsage);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_THAT(said, StartsWith("pgsidecar: flag --listen: wire.listen: "));
}

}  // namespace
}  // namespace pgsidecar::app
