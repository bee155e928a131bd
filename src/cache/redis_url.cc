#include "cache/redis_url.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace pgsidecar::cache {
namespace {

constexpr int kDatabaseMax = 65'535;
constexpr std::size_t kShownBytes = 256;
constexpr std::string_view kMask = "***";

/// Nothing, or why a part was not taken.
using Problem = std::string;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int lower = std::tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// RFC 3986 section 2.1. A NUL cannot be part of a name or password of Redis' ACL.
std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    decoded += c;
  }
  return decoded;
}

template <class Number>
bool ReadNumber(std::string_view digits, Number& into) {
  const char* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, into);
  return failure == std::errc() && stop == end;
}

/// Takes what is in front of the last `mark` away; empty and all stays if there is none.
std::string_view CutHead(std::string_view& text, char mark) {
  const std::size_t at = text.rfind(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(at + 1);
  return head;
}

Problem TakeUser(std::string_view info, RedisUrl& url) {
  const std::size_t colon = info.find(':');
  const auto user = PercentDecode(info.substr(0, colon));
  const auto password =
      PercentDecode(colon == std::string_view::npos ? std::string_view() : info.substr(colon + 1));
  if (!user || !password) return "has a malformed %-escape in user or password";
  if (password->empty()) return "has a user without password";
  url.user = *user;
  url.password = *password;
  return {};
}

Problem TakeDatabase(std::string_view digits, RedisUrl& url) {
  if (ReadNumber(digits, url.database) && url.database >= 0 && url.database <= kDatabaseMax) {
    return {};
  }
  return "has no number from 0 to " + std::to_string(kDatabaseMax) + " as database";
}

Problem TakePort(std::string_view digits, RedisUrl& url) {
  if (ReadNumber(digits, url.port) && url.port != 0) return {};
  return "has no number from 1 to 65535 as port";
}

bool IsHostCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
}

/// `[::1]` or `[::1]:6379`.
Problem TakeBracketed(std::string_view authority, RedisUrl& url) {
  const std::size_t close = authority.find(']');
  if (close == std::string_view::npos || close < 3) return "has no IPv6 address between [ and ]";
  url.host = authority.substr(1, close - 1);
  if (url.host.find_first_not_of("0123456789abcdefABCDEF:.%") != std::string::npos ||
      url.host.find(':') == std::string::npos) {
    return "has no IPv6 address between [ and ]";
  }
  authority.remove_prefix(close + 1);
  if (authority.empty()) return {};
  if (authority.front() != ':') return "has more than a port behind ]";
  return TakePort(authority.substr(1), url);
}

Problem TakeHost(std::string_view authority, RedisUrl& url) {
  if (authority.starts_with('[')) return TakeBracketed(authority, url);
  const std::size_t colon = authority.find(':');
  const std::string_view host = authority.substr(0, colon);
  if (host.empty()) return "has no host";
  if (!std::all_of(host.begin(), host.end(), IsHostCharacter)) {
    return "has a host of other characters than letters, digits, '.', '-' and '_'";
  }
  url.host = host;
  return colon == std::string_view::npos ? Problem() : TakePort(authority.substr(colon + 1), url);
}

Problem TakeNetwork(std::string_view rest, RedisUrl& url) {
  const std::string_view info = CutHead(rest, '@');
  if (!info.empty()) {
    const Problem problem = TakeUser(info, url);
    if (!problem.empty()) return problem;
  }
  const std::size_t slash = rest.find('/');
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  if (rest.find_first_of("?#") != std::string_view::npos) return "has parameters";
  if (!path.empty()) {
    const Problem problem = TakeDatabase(path, url);
    if (!problem.empty()) return problem;
  }
  return TakeHost(rest.substr(0, slash), url);
}

Problem TakeSocket(std::string_view rest, RedisUrl& url) {
  if (!rest.starts_with('/')) {
    const std::string_view info = CutHead(rest, '@');
    if (info.empty()) return "has no absolute path";
    const Problem problem = TakeUser(info, url);
    if (!problem.empty()) return problem;
  }
  const std::size_t mark = rest.find('?');
  const std::string_view path = rest.substr(0, mark);
  if (!path.starts_with('/') || path.size() < 2 || path.ends_with('/')) {
    return "has no absolute path of a socket";
  }
  if (path.size() > 107) return "has a path of more than 107 bytes, which no socket can have";
  url.socket_path = path;
  if (mark == std::string_view::npos) return {};
  const std::string_view parameter = rest.substr(mark + 1);
  if (!parameter.starts_with("db=")) return "has another parameter than db";
  return TakeDatabase(parameter.substr(3), url);
}

Problem Take(std::string_view text, RedisUrl& url) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') {
      return "has a space or control character";
    }
  }
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return "has no scheme";
  const std::string_view scheme = text.substr(0, end);
  const std::string_view rest = text.substr(end + 3);
  if (scheme == "unix") return TakeSocket(rest, url);
  if (scheme != "redis" && scheme != "rediss") return "has an unknown scheme";
  url.tls = scheme == "rediss";
  return TakeNetwork(rest, url);
}

}  // namespace

std::string RedisUrl::Address() const {
  if (is_unix()) return socket_path;
  const bool bracket = host.find(':') != std::string::npos;
  return (bracket ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<RedisUrl> ParseRedisUrl(std::string_view text) {
  RedisUrl url;
  const Problem problem = Take(text, url);
  if (problem.empty()) return url;
  return Error{"'" + MaskRedisUrl(text) + "' " + problem +
               "; allowed: " + std::string(kRedisUrlAllowed)};
}

std::string MaskRedisUrl(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) {
    // Without '@' only a forgotten one could hide a secret, in front of a port that is no number.
    const std::size_t scheme = text.find("://");
    const std::size_t colon = text.rfind(':');
    std::uint16_t port = 0;
    const std::string_view behind =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    const bool is_port = ReadNumber(behind.substr(0, behind.find('/')), port);
    if (colon == std::string_view::npos || colon == scheme || is_port) {
      return PrintableText(text, kShownBytes);
    }
    return PrintableText(text.substr(0, colon + 1), kShownBytes) + std::string(kMask);
  }
  const std::size_t scheme = text.find("://");
  const bool has_scheme = scheme != std::string_view::npos && scheme < at;
  const std::string_view head = has_scheme ? text.substr(0, scheme + 3) : std::string_view();
  return PrintableText(head, kShownBytes) + std::string(kMask) +
         PrintableText(text.substr(at), kShownBytes);
}

}  // namespace pgsidecar::cache
