#include <chrono>

#include "config/address.h"
#include "config/key_groups.h"

namespace pgsidecar::config {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds kZero{0};
constexpr hours kDay{24};
constexpr std::string_view kFileAllowed = "the absolute path of a file, or nothing";

Status CheckFile(std::string_view text) {
  if (text.empty() || (text.starts_with('/') && !text.ends_with('/'))) return {};
  return Refuse(text, "is not the path of a file", kFileAllowed);
}

// One row per key: name, what it does, how it is read into which member, and whether a reload
// applies it.

std::vector<Key> ListenerKeys() {
  return {
      {"wire.listen", "Where clients connect instead of to PostgreSQL.",
       List([](Config & c) -> auto& { return c.wire.listen; },
            {1, 16, kListenAllowed, CheckListenAddress})},
      {"wire.pass_through_listen",
       "The same for clients whose bytes are relayed undecoded, with any TLS of their own, and "
       "without statement metrics.",
       List([](Config & c) -> auto& { return c.wire.pass_through_listen; },
            {0, 16, kListenAllowed, CheckListenAddress})},
      {"wire.threads", "Threads that relay; auto is one for each processor it may use.",
       IntegerOr("auto", [](Config & c) -> auto& { return c.wire.threads; }, {1, 64})},
      {"wire.tls.mode",
       "Whether clients may encrypt, or must; Unix sockets and pass-through listeners never take "
       "part.",
       Choice<wire::ClientTlsMode>([](Config & c) -> auto& { return c.wire.tls.mode; },
                                   {"off", "allow", "require"}),
       kReloads},
      {"wire.tls.cert_file",
       "Certificate shown to clients and its chain, in PEM; only with wire.tls.mode allow or "
       "require.",
       Text(
           [](Config & c) -> auto& { return c.wire.tls.cert_file; }, kFileAllowed, CheckFile),
       kReloads},
      {"wire.tls.key_file", "Key of the certificate, in PEM.",
       Text(
           [](Config & c) -> auto& { return c.wire.tls.key_file; }, kFileAllowed, CheckFile),
       kReloads},
      {"wire.tls.client_ca_file",
       "Certificates of authorities, in PEM; clients must show a certificate of one of them. Only "
       "with wire.tls.mode require.",
       Text(
           [](Config & c) -> auto& { return c.wire.tls.client_ca_file; }, kFileAllowed, CheckFile),
       kReloads},
      {"wire.allow_shared_identity",
       "Whether others than this machine may connect although PostgreSQL knows them by the "
       "certificate (sslcert) or the user (Unix socket) of pgsidecar.",
       Boolean([](Config & c) -> auto& { return c.wire.allow_shared_identity; }), kReloads},
  };
}

std::vector<Key> LimitKeys() {
  return {
      {"wire.max_clients",
       "Clients connected at the same time; one more is refused with SQLSTATE 53300.",
       Integer([](Config & c) -> auto& { return c.wire.max_clients; }, {1, 100'000}), kReloads},
      {"wire.max_prelude",
       "Connections beside wire.max_clients that have not said yet what they want; one more is "
       "closed.",
       Integer([](Config & c) -> auto& { return c.wire.max_prelude; }, {1, 100'000}), kReloads},
      {"wire.max_cancels", "Cancel requests passed on at the same time; one more is closed.",
       Integer([](Config & c) -> auto& { return c.wire.max_cancels; }, {1, 100'000}), kReloads},
      {"wire.max_queued_messages",
       "Messages of a session that may wait for replies; with more it is relayed without being "
       "observed.",
       Integer([](Config & c) -> auto& { return c.wire.max_queued_messages; }, {16, 16'777'216}),
       kReloads},
      {"wire.max_prepared_statements",
       "Prepared statements of a session that are known by name; the least recently used are "
       "forgotten.",
       Integer([](Config & c) -> auto& { return c.wire.max_prepared_statements; }, {1, 1'000'000}),
       kReloads},
      {"wire.login_timeout", "Longest time from accepting a client until it is logged in.",
       Duration([](Config & c) -> auto& { return c.wire.login_timeout; },
                {milliseconds(10), hours(1)}),
       kReloads},
      {"wire.write_stall_timeout",
       "A session is closed when bytes wait that long and the receiver takes none of them.",
       Duration([](Config & c) -> auto& { return c.wire.write_stall_timeout; },
                {milliseconds(10), kDay}),
       kReloads},
      {"wire.cancel_on_disconnect",
       "Whether the running statement of a client that vanished is cancelled.",
       Boolean([](Config & c) -> auto& { return c.wire.cancel_on_disconnect; }), kReloads},
      {"wire.observe_memory",
       "Memory for observing all sessions; above it the largest are relayed without being "
       "observed.",
       Bytes([](Config & c) -> auto& { return c.wire.observe_memory_bytes; },
             {64ULL << 10, 64ULL << 30}),
       kReloads},
      {"drain.accept_for", "How long after SIGTERM new sessions are still served.",
       Duration([](Config & c) -> auto& { return c.wire.drain_accept_for; }, {kZero, kDay}),
       kReloads},
      {"drain.timeout", "When after SIGTERM the sessions that are left are ended.",
       Duration([](Config & c) -> auto& { return c.wire.drain_timeout; }, {kZero, kDay}), kReloads},
  };
}

}  // namespace

std::vector<Key> TrafficKeys() {
  return {
      {"upstream",
       "Where PostgreSQL is, and how to reach it. User, password and database are for connections "
       "of pgsidecar's own; clients log in with theirs.",
       UpstreamField(), kReloads},
      {"slow_query_threshold",
       "A statement that takes longer is slow: counted, logged and listed; it is also a bucket "
       "bound of the query histograms.",
       Duration([](Config & c) -> auto& { return c.wire.slow_query_threshold; },
                {microseconds(1), hours(1)})},
  };
}

std::vector<Key> WireKeys() {
  std::vector<Key> keys = ListenerKeys();
  const std::vector<Key> limits = LimitKeys();
  keys.insert(keys.end(), limits.begin(), limits.end());
  return keys;
}

}  // namespace pgsidecar::config
