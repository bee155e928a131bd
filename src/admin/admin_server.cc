#include "admin/admin_server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "admin/access.h"
#include "admin/host_rule.h"
#include "admin/routes.h"
#include "admin/token_set.h"
#include "base/unique_fd.h"

namespace pgsidecar::admin {
namespace {

constexpr unsigned kFeatureIpv6 = 8;
constexpr int kHeadTooLarge = 431;

struct Setting {
  const char* name;
  const char* value;
};

/// 32 threads, so that a probe finds a free one beside slow clients; a thread is theirs for 5 s.
/// Nothing is served from a disk, nothing is decoded, and other origins are never let in.
constexpr std::array<Setting, 8> kSettings = {{
    {"num_threads", "32"},
    {"request_timeout_ms", "5000"},
    {"enable_keep_alive", "no"},
    {"decode_url", "no"},
    {"enable_directory_listing", "no"},
    {"access_control_allow_origin", ""},
    {"access_control_allow_methods", ""},
    {"access_control_allow_headers", ""},
}};

Error CannotListen(const std::string& address, const std::string& reason) {
  return Error{"cannot listen on " + address + " (admin.listen): " + reason};
}

sockaddr_in SocketAddress(const ListenAddress& address) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(address.port));
  inet_pton(AF_INET, address.host.c_str(), &out.sin_addr);
  return out;
}

/// civetweb binds by itself but says why it could not only in prose; so ask the kernel first.
std::optional<std::string> WhyNotBindable(const ListenAddress& address) {
  const UniqueFd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in wanted = SocketAddress(address);
  const int on = 1;
  setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(probe.get(), reinterpret_cast<const sockaddr*>(&wanted), sizeof(wanted)) == 0 &&
      listen(probe.get(), 1) == 0) {
    return std::nullopt;
  }
  return std::generic_category().message(errno);
}

/// For how long a body is read.
constexpr std::chrono::seconds kBodyPatience{5};

/// Reads a body to its end, within bounds, since an answer before that can get lost.
Body ReadBody(mg_connection* connection, const mg_request_info& info, Request& request) {
  const auto bytes_max = static_cast<long long>(BodyBytesMax(request.path));
  const bool chunked = mg_get_header(connection, "Transfer-Encoding") != nullptr;
  const bool sized = mg_get_header(connection, "Content-Length") != nullptr;
  if (chunked && sized) return Body::kBroken;
  if (!chunked && info.content_length <= 0) return Body::kNone;
  if (sized && info.content_length > bytes_max) return Body::kTooLarge;
  const auto end = std::chrono::steady_clock::now() + kBodyPatience;
  std::array<char, 4096> block{};
  long long total = 0;
  for (int got; (got = mg_read(connection, block.data(), block.size())) != 0;) {
    if (got < 0 || std::chrono::steady_clock::now() > end) return Body::kBroken;
    total += got;
    if (total > bytes_max) return Body::kTooLarge;
    request.content.append(block.data(), static_cast<std::size_t>(got));
  }
  return chunked || total == info.content_length ? Body::kRead : Body::kBroken;
}

Request ToRequest(const mg_request_info& info) {
  Request request;
  request.peer = info.remote_addr;
  request.method = info.request_method;
  if (info.local_uri_raw != nullptr) request.path = info.local_uri_raw;
  if (info.query_string != nullptr) request.query = info.query_string;
  request.http_version = info.http_version;
  for (int i = 0; i < info.num_headers; ++i) {
    request.headers.emplace_back(info.http_headers[i].name, info.http_headers[i].value);
  }
  return request;
}

Router& RouterOf(const mg_connection* connection) {
  return *static_cast<Router*>(mg_get_user_data(mg_get_context(connection)));
}

/// A client that left before it had its answer is no failure of ours.
void Send(mg_connection* connection, const std::string& bytes) {
  mg_write(connection, bytes.data(), bytes.size());
}

int OnRequest(mg_connection* connection) {
  const mg_request_info& info = *mg_get_request_info(connection);
  // The library drops the headers after its last place without a word, and with them maybe a second
  // Host or Authorization.
  if (info.num_headers >= MG_MAX_HEADERS) {
    Send(connection, RouterOf(connection).AnswerBroken(kHeadTooLarge));
    return kHeadTooLarge;
  }
  Request request = ToRequest(info);
  request.body = ReadBody(connection, info, request);
  Send(connection, RouterOf(connection).Answer(request));
  return 200;
}

int OnBrokenRequest(mg_connection* connection, int status, const char*) {
  Send(connection, RouterOf(connection).AnswerBroken(status));
  return 0;
}

/// Whatever civetweb has to say about a request is an answer with a counter.
int OnLogMessage(const mg_connection*, const char*) { return 1; }

mg_callbacks Callbacks() {
  mg_callbacks callbacks{};
  callbacks.begin_request = OnRequest;
  callbacks.http_error = OnBrokenRequest;
  callbacks.log_message = OnLogMessage;
  return callbacks;
}

/// civetweb's accepting thread looks at its stop flag only when its poll of two seconds ends; a
/// connection ends it at once. `stopped` is set when there is nothing left to wake.
void WakeUntil(const std::atomic<bool>& stopped, const ListenAddress& address) {
  constexpr std::chrono::milliseconds kPause{10};
  const sockaddr_in target = SocketAddress(address);
  while (!stopped) {
    const UniqueFd knock(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // In progress or refused: either has knocked.
    static_cast<void>(
        connect(knock.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)));
    std::this_thread::sleep_for(kPause);
  }
}

void Stop(mg_context* server, const ListenAddress& address) {
  std::atomic<bool> stopped{false};
  std::thread waker;
  if (!address.ipv6) waker = std::thread(WakeUntil, std::cref(stopped), std::cref(address));
  mg_stop(server);
  stopped = true;
  if (waker.joinable()) waker.join();
}

/// Who may call a listener on `address`.
Result<Access> LoadAccess(const AdminOptions& options, const ListenAddress& address) {
  auto tokens = TokenSet::Load(options);
  if (!tokens.ok()) return tokens.error();
  if (tokens.value().world_readable()) {
    spdlog::warn("admin.token_file: every account of this machine can read {}; chmod o= ends that",
                 options.token_file);
  }
  return Access(options, std::move(tokens).value(), address.loopback);
}

Result<ListenAddress> FindAddress(const AdminOptions& options) {
  if (options.listen.ends_with('s')) {
    return CannotListen(options.listen, std::string(kNoTls));
  }
  const auto address = ParseListenAddress(options.listen);
  if (!address) {
    return CannotListen(options.listen, "allowed: an IP address or localhost, a colon and a port");
  }
  if (address->ipv6 && mg_check_feature(kFeatureIpv6) == 0) {
    return CannotListen(options.listen, "the installed civetweb was built without IPv6");
  }
  if (!address->ipv6) {
    if (const auto reason = WhyNotBindable(*address)) return CannotListen(options.listen, *reason);
  }
  return *address;
}

}  // namespace

struct AdminServer::State {
  State(AdminContext context, const ListenAddress& where, Access access)
      : address(where), router(std::move(context), std::move(access)) {
    mg_init_library(MG_FEATURES_DEFAULT);
  }
  ~State() {
    if (server != nullptr) Stop(server, address);
    mg_exit_library();
  }

  ListenAddress address;
  Router router;
  mg_context* server = nullptr;
};

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const AdminOptions& options,
                                                        AdminContext context) {
  const auto address = FindAddress(options);
  if (!address.ok()) return address.error();
  auto access = LoadAccess(options, address.value());
  if (!access.ok()) return access.error();
  auto state =
      std::make_unique<State>(std::move(context), address.value(), std::move(access).value());
  const std::string listen = address.value().ToString();
  std::vector<const char*> settings = {"listening_ports", listen.c_str()};
  for (const auto& [name, value] : kSettings) settings.insert(settings.end(), {name, value});
  settings.push_back(nullptr);
  const mg_callbacks callbacks = Callbacks();
  std::array<char, 256> text{};
  mg_error_data failure{};
  failure.text = text.data();
  failure.text_buffer_size = text.size();
  mg_init_data init{};
  init.callbacks = &callbacks;
  init.user_data = &state->router;
  init.configuration_options = settings.data();
  state->server = mg_start2(&init, &failure);
  if (state->server == nullptr) return CannotListen(options.listen, text.data());
  mg_server_port port{};
  if (mg_get_server_ports(state->server, 1, &port) == 1) state->address.port = port.port;
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(state)));
}

AdminServer::AdminServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
AdminServer::~AdminServer() = default;

Status AdminServer::ReloadTokens(const AdminOptions& options) {
  auto access = LoadAccess(options, state_->address);
  if (!access.ok()) return access.error();
  state_->router.SetAccess(std::move(access).value());
  return {};
}

std::string AdminServer::address() const { return state_->address.ToString(); }

}  // namespace pgsidecar::admin
