#include "admin/token_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "base/unique_fd.h"

namespace pgsidecar::admin {
namespace {

constexpr std::size_t kTokensMax = 2;
/// Two tokens of the greatest length with room for line ends.
constexpr std::size_t kFileBytesMax = kTokensMax * kTokenBytesMax + 64;
constexpr std::size_t kPathShownBytes = 4096;

struct Line {
  std::size_t number = 0;
  std::string_view text;
};

/// The lines of `text` that are not empty.
std::vector<Line> LinesOf(std::string_view text) {
  std::vector<Line> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back({number, text.substr(0, end)});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

Error Broken(const std::string& problem) {
  return Error{problem + "; allowed: " + std::string(kTokensAllowed)};
}

bool IsTokenByte(char c) { return c > ' ' && c <= '~'; }

Status CheckLine(const Line& line) {
  const std::string name = "line " + std::to_string(line.number);
  if (!std::all_of(line.text.begin(), line.text.end(), IsTokenByte)) {
    return Broken(name + " has a space or a byte that is not printable ASCII");
  }
  if (line.text.size() < kTokenBytesMin) return Broken(name + " is shorter than 32 bytes");
  if (line.text.size() > kTokenBytesMax) return Broken(name + " is longer than 4096 bytes");
  return {};
}

/// Tokens hold no NUL, so that filling them up keeps different ones different.
std::string Padded(std::string_view token) {
  std::string padded(token);
  padded.resize(kTokenBytesMax, '\0');
  return padded;
}

struct TokenFile {
  std::string text;
  bool world_readable = false;
};

std::string LastFailure() { return std::generic_category().message(errno); }

/// Not blocking, as somebody may have named a pipe.
Result<TokenFile> ReadTokenFile(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return Error{"cannot be read: " + LastFailure()};
  if (!S_ISREG(facts.st_mode)) return Error{"is not a regular file"};
  TokenFile file;
  file.world_readable = (facts.st_mode & S_IROTH) != 0;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{"cannot be read: " + LastFailure()};
    if (got == 0) return file;
    file.text.append(block.data(), static_cast<std::size_t>(got));
    if (file.text.size() > kFileBytesMax) return Broken("is too large");
  }
}

}  // namespace

bool SameBytes(std::string_view a, std::string_view b) {
  // Volatile, so that no compiler ends the loop where the outcome is known.
  volatile unsigned difference = a.size() == b.size() ? 0 : 1;
  const std::size_t steps = std::max(a.size(), b.size());
  for (std::size_t i = 0; i < steps; ++i) {
    const unsigned left = i < a.size() ? static_cast<unsigned char>(a[i]) : 0;
    const unsigned right = i < b.size() ? static_cast<unsigned char>(b[i]) : 0;
    difference = difference | (left ^ right);
  }
  return difference == 0;
}

Status CheckTokens(std::string_view text) {
  const std::vector<Line> lines = LinesOf(text);
  if (lines.empty()) return Broken("holds no token");
  if (lines.size() > kTokensMax) return Broken("holds " + std::to_string(lines.size()) + " lines");
  for (const Line& line : lines) {
    if (Status checked = CheckLine(line); !checked.ok()) return checked;
  }
  return {};
}

Result<TokenSet> TokenSet::Load(const AdminOptions& options) {
  TokenSet tokens;
  if (options.token_file.empty()) {
    if (options.token.empty()) return tokens;
    if (const Status checked = CheckTokens(options.token); !checked.ok()) return checked.error();
    tokens.Add(options.token);
    return tokens;
  }
  const std::string name = "'" + PrintableText(options.token_file, kPathShownBytes) + "' ";
  const auto file = ReadTokenFile(options.token_file);
  if (!file.ok()) return Error{name + file.error().message};
  if (const Status checked = CheckTokens(file.value().text); !checked.ok()) {
    return Error{name + checked.error().message};
  }
  tokens.Add(file.value().text);
  tokens.world_readable_ = file.value().world_readable;
  return tokens;
}

void TokenSet::Add(std::string_view text) {
  for (const Line& line : LinesOf(text)) padded_.push_back(Padded(line.text));
}

bool TokenSet::Contains(std::string_view candidate) const {
  if (candidate.size() > kTokenBytesMax) return false;
  const std::string padded = Padded(candidate);
  bool found = false;
  for (const std::string& token : padded_) {
    const bool same = SameBytes(padded, token);
    found = found || same;
  }
  return found;
}

}  // namespace pgsidecar::admin
