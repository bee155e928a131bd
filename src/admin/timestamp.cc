#include "admin/timestamp.h"

#include <charconv>
#include <ctime>

namespace pgsidecar::admin {
namespace {

/// Seconds until the year 2262, where the nanoseconds of a signed 64-bit number end.
constexpr std::int64_t kSecondsMax = 9'223'372'036;

/// Takes parts off the head of a text; once one is missing, all that follow are.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && text_.empty(); }
  bool TakeIf(char wanted) {
    if (!ok_ || text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  void Take(char wanted) { ok_ = TakeIf(wanted) && ok_; }
  /// Exactly `width` digits, of a value between the bounds.
  int Number(std::size_t width, int low, int high) {
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value * 10 + Digit();
    if (value < low || value > high) ok_ = false;
    return value;
  }
  /// The digits behind a decimal point, as nanoseconds; those below are dropped.
  Nanos Fraction() {
    Nanos value = 0, unit = kNanosPerSecond / 10;
    value += Digit() * unit;
    while (ok_ && !text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      unit /= 10;
      value += Digit() * unit;
    }
    return value;
  }

 private:
  int Digit() {
    if (!ok_ || text_.empty() || text_.front() < '0' || text_.front() > '9') {
      ok_ = false;
      return 0;
    }
    const int digit = text_.front() - '0';
    text_.remove_prefix(1);
    return digit;
  }

  std::string_view text_;
  bool ok_ = true;
};

std::optional<Nanos> ParseUnixSeconds(std::string_view text) {
  if (text.starts_with('-')) return std::nullopt;  // "-0.5" has no sign once its parts are numbers.
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || seconds >= kSecondsMax) return std::nullopt;
  Reader rest(text.substr(static_cast<std::size_t>(end - text.data())));
  const Nanos fraction = rest.TakeIf('.') ? rest.Fraction() : 0;
  if (!rest.done()) return std::nullopt;
  return seconds * kNanosPerSecond + fraction;
}

/// RFC 3339 section 5.6, the offset at the end.
Nanos ReadOffset(Reader& reader) {
  if (reader.TakeIf('Z') || reader.TakeIf('z')) return 0;
  const bool west = reader.TakeIf('-');
  if (!west) reader.Take('+');
  const int hours = reader.Number(2, 0, 23);
  reader.Take(':');
  const int minutes = reader.Number(2, 0, 59);
  return (west ? -1 : 1) * (hours * Nanos{3600} + minutes * Nanos{60}) * kNanosPerSecond;
}

std::optional<Nanos> ParseRfc3339(std::string_view text) {
  Reader reader(text);
  std::tm utc{};
  utc.tm_year = reader.Number(4, 1970, 2261) - 1900;
  reader.Take('-');
  utc.tm_mon = reader.Number(2, 1, 12) - 1;
  reader.Take('-');
  const int day = utc.tm_mday = reader.Number(2, 1, 31);
  if (!reader.TakeIf('T') && !reader.TakeIf('t')) return std::nullopt;
  utc.tm_hour = reader.Number(2, 0, 23);
  reader.Take(':');
  utc.tm_min = reader.Number(2, 0, 59);
  reader.Take(':');
  utc.tm_sec = reader.Number(2, 0, 60);
  const Nanos fraction = reader.TakeIf('.') ? reader.Fraction() : 0;
  const Nanos offset = ReadOffset(reader);
  if (!reader.done()) return std::nullopt;
  const bool leap_second = utc.tm_sec == 60;
  const Nanos seconds = timegm(&utc);
  if (!leap_second && utc.tm_mday != day) return std::nullopt;  // February 30.
  return seconds * kNanosPerSecond + fraction - offset;
}

}  // namespace

std::optional<Nanos> ParseTimestamp(std::string_view text) {
  if (const auto seconds = ParseUnixSeconds(text)) return seconds;
  return ParseRfc3339(text);
}

}  // namespace pgsidecar::admin
