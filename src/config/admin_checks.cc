#include "config/admin_checks.h"

#include <algorithm>
#include <cctype>

#include "admin/token_set.h"
#include "config/address.h"

namespace pgsidecar::config {

Status CheckTokenFile(std::string_view text) {
  if (text.empty() || (text.starts_with('/') && !text.ends_with('/'))) return {};
  return Error{"is not an absolute path; allowed: " + std::string(kTokenFileAllowed)};
}

Status CheckHostName(std::string_view text) {
  constexpr std::size_t kNameBytesMax = 253;
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c == '-' || c == '.' || c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  });
  if (plain && !text.empty() && text.size() <= kNameBytesMax) return {};
  return Refuse(text, "is not a host name", kHostAllowed);
}

Field TokenField() {
  const auto set = [](Config& config, std::string_view text) -> Status {
    if (!text.empty()) {
      if (Status checked = admin::CheckTokens(text); !checked.ok()) return checked;
    }
    config.admin.token = std::string(text);
    return {};
  };
  const auto get = [](const Config& config) {
    return std::string(config.admin.token.empty() ? R"("")" : R"("***")");
  };
  return TextField("secret", std::string(admin::kTokensAllowed) + ", or nothing", set, get);
}

std::vector<std::string> AdminErrors(const Loaded& loaded) {
  const admin::AdminOptions& admin = loaded.config.admin;
  const auto line = [&](std::string_view key, const Error& error) {
    return loaded.SourceOf(key) + ": " + std::string(key) + ": " + error.message;
  };
  std::vector<std::string> errors;
  const bool has_token = !admin.token_file.empty() || !admin.token.empty();
  if (!IsLoopback(admin.listen) && !has_token && !admin.allow_unauthenticated) {
    errors.push_back(line("admin.listen",
                          Refuse(admin.listen, "can be reached from outside without authentication",
                                 "127.0.0.0/8 or [::1], or any address with admin.token_file, "
                                 "admin.token or admin.allow_unauthenticated: true")));
  }
  if (admin.token_scope == admin::TokenScope::kAll && !has_token) {
    errors.push_back(
        line("admin.token_scope", Refuse("all", "needs a token, and there is none",
                                         "mutating, or all with admin.token_file or admin.token")));
  }
  if (!admin.token_file.empty() && !admin.token.empty()) {
    errors.push_back(line("admin.token", {"is set beside admin.token_file; allowed: one of them"}));
  }
  if (const auto tokens = admin::TokenSet::Load(admin); !tokens.ok()) {
    errors.push_back(line("admin.token_file", tokens.error()));
  }
  return errors;
}

}  // namespace pgsidecar::config
