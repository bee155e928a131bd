#include "config/upstream.h"

#include <optional>
#include <utility>

#include "config/mask.h"
#include "config/upstream_parameters.h"
#include "config/value.h"

namespace pgsidecar::config {
namespace {

constexpr std::string_view kNone = std::string_view();
constexpr const char* kBadEscape = "has a malformed percent escape";

/// The pieces of a URI, still percent-encoded.
struct Pieces {
  std::string_view user_info, hosts, path, query;
};

std::optional<std::string_view> WithoutScheme(std::string_view uri) {
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (uri.starts_with(scheme)) return uri.substr(scheme.size());
  }
  return std::nullopt;
}

/// Cuts `text` at `mark`: the part before stays, the part behind is returned.
std::string_view CutTail(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return kNone;
  const std::string_view tail = text.substr(at + 1);
  text = text.substr(0, at);
  return tail;
}

Pieces Split(std::string_view rest) {
  Pieces pieces;
  pieces.query = CutTail(rest, '?');
  pieces.path = CutTail(rest, '/');
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    pieces.user_info = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  pieces.hosts = rest;
  return pieces;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Nothing if an escape is malformed or stands for a zero byte.
std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// What follows returns what is wrong, or nothing.

/// `text` decoded into `out`, which stays as it is if there is no text.
std::string Decode(std::string_view text, std::string& out) {
  auto decoded = PercentDecode(text);
  if (!decoded) return kBadEscape;
  if (!text.empty()) out = std::move(*decoded);
  return {};
}

std::string ReadUserInfo(std::string_view user_info, wire::Upstream& upstream) {
  const std::string_view password = CutTail(user_info, ':');
  std::string problem = Decode(user_info, upstream.user);
  return problem.empty() ? Decode(password, upstream.password) : problem;
}

/// `a:5432,b,[::1]:5433`: a host and a port of each.
std::string ReadHosts(std::string_view text, HostLists& lists) {
  for (const std::string& element : SplitList(text)) {
    std::string_view host = element;
    const std::size_t bracket = host.starts_with('[') ? host.find(']') : 0;
    if (bracket == std::string_view::npos) return "has a malformed host";
    const std::size_t colon = host.find(':', bracket);
    lists.ports.emplace_back(colon == std::string_view::npos ? kNone : host.substr(colon + 1));
    host = host.substr(0, colon);
    const auto decoded = PercentDecode(host);
    if (!decoded) return kBadEscape;
    lists.hosts.push_back(*decoded);
  }
  return {};
}

std::string ReadQuery(std::string_view query, UpstreamDraft& draft) {
  std::string problem;
  while (problem.empty() && !query.empty()) {
    const std::string_view rest = CutTail(query, '&');
    const auto value = PercentDecode(CutTail(query, '='));
    problem = value ? SetParameter(draft, query, *value) : kBadEscape;
    query = rest;
  }
  return problem;
}

std::string Read(const Pieces& pieces, UpstreamDraft& draft) {
  if (pieces.path.find('@') != std::string_view::npos ||
      pieces.query.find('@') != std::string_view::npos) {
    return "has '@' behind '/' or '?': write '@', '/', '?' and ':' of a user or password as %40, "
           "%2F, %3F and %3A";
  }
  std::string problem = ReadUserInfo(pieces.user_info, draft.upstream);
  if (problem.empty()) problem = ReadHosts(pieces.hosts, draft.lists);
  if (problem.empty()) problem = Decode(pieces.path, draft.upstream.dbname);
  if (problem.empty()) problem = ReadQuery(pieces.query, draft);
  return problem.empty() ? Complete(draft) : problem;
}

}  // namespace

Result<UpstreamUri> ParseUpstream(std::string_view uri) {
  const std::string shown = MaskSecrets(uri);
  const auto rest = WithoutScheme(uri);
  if (!rest) return Refuse(shown, "is not a PostgreSQL URI", kUpstreamAllowed);
  UpstreamDraft draft;
  const std::string problem = Read(Split(*rest), draft);
  if (!problem.empty()) return Refuse(shown, problem, kUpstreamAllowed);
  return UpstreamUri{std::move(draft.upstream), shown};
}

}  // namespace pgsidecar::config
