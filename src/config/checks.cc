#include "config/checks.h"

#include <algorithm>
#include <utility>

#include "config/address.h"
#include "config/admin_checks.h"

namespace pgsidecar::config {
namespace {

/// Collects the errors of one configuration.
class Checker {
 public:
  explicit Checker(const Loaded& loaded) : loaded_(loaded), wire_(loaded.config.wire) {}

  void CheckClientTls();
  void CheckListeners();
  void CheckIdentity();

  std::vector<std::string> errors;

 private:
  void Add(std::string_view key, const Error& problem) {
    errors.push_back(KeyError(loaded_, key, problem));
  }
  void AddOpenListeners(std::string_view key, const std::vector<std::string>& addresses,
                        std::string_view allowed);

  const Loaded& loaded_;
  const wire::WireOptions& wire_;
};

void Checker::CheckClientTls() {
  const wire::ClientTls& tls = wire_.tls;
  const bool on = tls.mode != wire::ClientTlsMode::kOff;
  const std::string_view mode = tls.mode == wire::ClientTlsMode::kAllow ? "allow" : "require";
  for (const auto& [key, file] : {std::pair{"wire.tls.cert_file", &tls.cert_file},
                                  std::pair{"wire.tls.key_file", &tls.key_file}}) {
    if (on && file->empty()) {
      Add("wire.tls.mode", Refuse(mode, "needs " + std::string(key), "off, or that file"));
    }
    if (!on && !file->empty()) {
      Add(key, Refuse(*file, "has no use with wire.tls.mode off",
                      "a file only with wire.tls.mode allow or require"));
    }
  }
  if (tls.client_ca_file.empty() || tls.mode == wire::ClientTlsMode::kRequire) return;
  Add("wire.tls.client_ca_file",
      Refuse(tls.client_ca_file, "can be passed by with a connection without TLS",
             "a file only with wire.tls.mode require"));
}

void Checker::CheckListeners() {
  for (const std::string& address : wire_.pass_through_listen) {
    const bool shared =
        std::find(wire_.listen.begin(), wire_.listen.end(), address) != wire_.listen.end();
    if (!shared || address.ends_with(":0")) continue;
    Add("wire.pass_through_listen",
        Refuse(address, "is in wire.listen, too", "an address of its own"));
  }
}

void Checker::AddOpenListeners(std::string_view key, const std::vector<std::string>& addresses,
                               std::string_view allowed) {
  for (const std::string& address : addresses) {
    if (address.starts_with('/') || IsLoopback(address)) continue;
    Add(key, Refuse(address,
                    "lends the identity that pgsidecar has at PostgreSQL (sslcert, or the user "
                    "behind a Unix socket) to everybody who reaches it",
                    allowed));
  }
}

void Checker::CheckIdentity() {
  if (wire_.allow_shared_identity) return;
  const bool has_certificate =
      !wire_.upstream.sslcert.empty() && wire_.upstream.sslmode != wire::SslMode::kDisable;
  const bool has_user = wire_.upstream.any_unix();
  if ((has_certificate || has_user) && wire_.tls.client_ca_file.empty()) {
    AddOpenListeners("wire.listen", wire_.listen,
                     "127.0.0.0/8, [::1] or a directory, or any address with "
                     "wire.tls.client_ca_file or wire.allow_shared_identity: true");
  }
  if (has_user) {  // A certificate is no matter here: TLS is the client's own.
    AddOpenListeners("wire.pass_through_listen", wire_.pass_through_listen,
                     "127.0.0.0/8, [::1] or a directory, or any address with "
                     "wire.allow_shared_identity: true");
  }
}

}  // namespace

std::vector<std::string> CheckTogether(const Loaded& loaded) {
  Checker checker(loaded);
  checker.CheckClientTls();
  checker.CheckListeners();
  checker.CheckIdentity();
  for (std::string& error : AdminErrors(loaded)) checker.errors.push_back(std::move(error));
  return std::move(checker.errors);
}

std::string KeyError(const Loaded& loaded, std::string_view key, const Error& problem) {
  return loaded.SourceOf(key) + ": " + std::string(key) + ": " + problem.message;
}

}  // namespace pgsidecar::config
