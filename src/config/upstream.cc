#include "config/upstream.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "config/value.h"

namespace pgsidecar::config {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kNone = std::string_view();

/// The pieces of a URI, still percent-encoded.
struct Pieces {
  std::string_view user_info, host, port, path, query;
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
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  pieces.host = rest.substr(0, colon);
  if (colon != std::string_view::npos) pieces.port = rest.substr(colon + 1);
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

std::optional<std::uint32_t> Number(std::string_view text, std::uint32_t max) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

/// Builds the upstream piece by piece; every setter answers what is wrong, or nothing.
class Builder {
 public:
  std::string SetHost(std::string host) {
    if (host.find(',') != std::string::npos) return "names more than one host";
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const bool odd = std::any_of(host.begin(), host.end(), [](char c) {
      return static_cast<unsigned char>(c) <= ' ' || c == 0x7F || c == '[' || c == ']' || c == '@';
    });
    if (odd) return "has a malformed host";
    if (!host.empty()) upstream_.hosts[0].host = std::move(host);
    return {};
  }

  std::string SetPort(std::string_view text) {
    if (text.find(',') != std::string_view::npos) return "names more than one host";
    if (text.empty()) return {};
    const auto port = Number(text, 65535);
    if (!port || *port == 0) return "has a port that is not a number from 1 to 65535";
    upstream_.hosts[0].port = static_cast<std::uint16_t>(*port);
    return {};
  }

  std::string SetParameter(std::string_view name, const std::string& value) {
    if (name == "user" || name == "password" || name == "dbname") return {};
    if (name == "host" || name == "hostaddr") return SetHost(value);
    if (name == "port") return SetPort(value);
    if (name == "sslmode") {
      if (value == "disable" || value == "prefer") return {};
      return "asks for an sslmode other than disable or prefer, which this version does not have";
    }
    if (name == "connect_timeout") return SetConnectTimeout(value);
    return "has the unsupported parameter '" + ShownName(name) + "'";
  }

  const wire::Upstream& upstream() const { return upstream_; }

 private:
  std::string SetConnectTimeout(std::string_view value) {
    const auto seconds = Number(value, 3600);
    if (!seconds) return "has a connect_timeout that is not a number of seconds from 0 to 3600";
    if (*seconds != 0) upstream_.connect_timeout = std::chrono::seconds(*seconds);
    return {};
  }

  /// A name that does not look like one may be a piece of an unescaped password.
  static std::string ShownName(std::string_view name) {
    const bool plain = std::all_of(name.begin(), name.end(),
                                   [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); });
    return plain && !name.empty() ? std::string(name) : std::string(kMask);
  }

  wire::Upstream upstream_;
};

/// What is wrong with the pieces, or nothing.
std::string Build(const Pieces& pieces, Builder& builder) {
  constexpr const char* kBadEscape = "has a malformed percent escape";
  if (pieces.path.find('@') != std::string_view::npos ||
      pieces.query.find('@') != std::string_view::npos) {
    return "has '@' behind '/' or '?': write '@', '/', '?' and ':' of a user or password as %40, "
           "%2F, %3F and %3A";
  }
  const auto host = PercentDecode(pieces.host);
  if (!host || !PercentDecode(pieces.user_info) || !PercentDecode(pieces.path)) return kBadEscape;
  std::string problem = builder.SetHost(*host);
  if (problem.empty()) problem = builder.SetPort(pieces.port);
  std::string_view query = pieces.query;
  while (problem.empty() && !query.empty()) {
    const std::string_view rest = CutTail(query, '&');
    const auto value = PercentDecode(CutTail(query, '='));
    problem = value ? builder.SetParameter(query, *value) : kBadEscape;
    query = rest;
  }
  return problem;
}

/// User information before the last '@'; without one, what stands for the port but is no number.
void MaskAuthority(std::string& shown, std::size_t begin) {
  const std::size_t at = shown.rfind('@');
  if (at != std::string::npos && at >= begin) {
    const std::size_t colon = shown.find(':', begin);
    if (colon < at) shown.replace(colon + 1, at - colon - 1, kMask);
    return;
  }
  const std::size_t end = std::min(shown.find_first_of("/?", begin), shown.size());
  const std::size_t colon = shown.rfind(':', end);
  if (colon == std::string::npos || colon < begin) return;
  const std::string_view port = std::string_view(shown).substr(colon + 1, end - colon - 1);
  if (port.ends_with(']') || port.find_first_not_of("0123456789") == std::string_view::npos) return;
  shown.replace(colon + 1, port.size(), kMask);
}

/// The values of all parameters but those that cannot be secret.
std::string MaskQuery(std::string_view query) {
  constexpr std::array<std::string_view, 7> kOpen = {"host",   "hostaddr", "port",           "user",
                                                     "dbname", "sslmode",  "connect_timeout"};
  std::string shown;
  while (!query.empty()) {
    const std::string_view rest = CutTail(query, '&');
    const std::size_t equals = query.find('=');
    const bool open = std::find(kOpen.begin(), kOpen.end(), query.substr(0, equals)) != kOpen.end();
    shown += shown.empty() ? "?" : "&";
    shown += open || equals == std::string_view::npos
                 ? std::string(query)
                 : std::string(query.substr(0, equals + 1)) + std::string(kMask);
    query = rest;
  }
  return shown;
}

}  // namespace

std::string MaskSecrets(std::string_view uri) {
  std::string shown(uri);
  const std::size_t scheme = shown.find("://");
  if (scheme == std::string::npos) {
    const bool secret =
        shown.find('@') != std::string::npos || shown.find("pass") != std::string::npos;
    return secret ? std::string(kMask) : shown;
  }
  MaskAuthority(shown, scheme + 3);
  const std::size_t query = shown.find('?', scheme);
  if (query == std::string::npos) return shown;
  return shown.substr(0, query) + MaskQuery(std::string_view(shown).substr(query + 1));
}

Result<UpstreamUri> ParseUpstream(std::string_view uri) {
  const std::string shown = MaskSecrets(uri);
  const auto rest = WithoutScheme(uri);
  if (!rest) return Refuse(shown, "is not a PostgreSQL URI", kUpstreamAllowed);
  Builder builder;
  const std::string problem = Build(Split(*rest), builder);
  if (!problem.empty()) return Refuse(shown, problem, kUpstreamAllowed);
  return UpstreamUri{builder.upstream(), shown};
}

}  // namespace pgsidecar::config
