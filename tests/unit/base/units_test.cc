#include "base/units.h"

#include <gtest/gtest.h>

namespace pgsidecar {
namespace {

using std::chrono::nanoseconds;

struct DurationCase {
  const char* text;
  std::int64_t nanos;
};

TEST(Units, ReadsDurations) {
  constexpr DurationCase kCases[] = {
      {"0", 0},
      {"0s", 0},
      {"1ns", 1},
      {"250us", 250'000},
      {"1.5ms", 1'500'000},
      {"30s", 30'000'000'000},
      {"2m", 120'000'000'000},
      {"1h", 3'600'000'000'000},
      {"7d", 604'800'000'000'000},
  };
  for (const DurationCase& c : kCases) {
    const auto parsed = ParseDuration(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text;
    EXPECT_EQ(parsed.value().count(), c.nanos) << c.text;
  }
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "1", "s", "-1s", "1 s", "1S", "1sec", "1e3s", "nan", "inf", "0x1s",
                           "1s2m", "200000d", "1.s.", "99999999999999999999h"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
  EXPECT_EQ(ParseDuration("5x").error().message,
            "'5x' is not a duration; allowed: a number with ns, us, ms, s, m, h or d");
}

TEST(Units, FormatsDurationsSoThatTheyReadBack) {
  const std::pair<std::int64_t, const char*> cases[] = {{0, "0"},
                                                        {1, "1ns"},
                                                        {1'500'000, "1500us"},
                                                        {250'000'000, "250ms"},
                                                        {1'000'000'000, "1s"},
                                                        {90'000'000'000, "90s"},
                                                        {3'600'000'000'000, "1h"},
                                                        {172'800'000'000'000, "2d"}};
  for (const auto& [nanos, text] : cases) {
    EXPECT_EQ(FormatDuration(nanoseconds(nanos)), text);
    EXPECT_EQ(ParseDuration(text).value().count(), nanos);
  }
}

TEST(Units, ReadsSizes) {
  const std::pair<const char*, std::uint64_t> cases[] = {
      {"0", 0},         {"10000", 10'000},  {"5B", 5},           {"1kB", 1'000},
      {"1KiB", 1'024},  {"2MB", 2'000'000}, {"64MiB", 64 << 20}, {"3GB", 3'000'000'000},
      {"1GiB", 1 << 30}};
  for (const auto& [text, bytes] : cases) {
    const auto parsed = ParseBytes(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed.value(), bytes) << text;
  }
}

TEST(Units, RefusesWhatIsNoSize) {
  for (const char* text : {"", "MiB", "-1", "1.5MiB", "1 MiB", "1KB", "1mb", "1TiB",
                           "18446744073709551616", "9999999999GiB"}) {
    EXPECT_FALSE(ParseBytes(text).ok()) << text;
  }
  EXPECT_EQ(
      ParseBytes("1TB").error().message,
      "'1TB' is not a size; allowed: an integer with B, kB, MB, GB, KiB, MiB, GiB or no unit");
}

TEST(Units, FormatsSizesSoThatTheyReadBack) {
  const std::pair<std::uint64_t, const char*> cases[] = {
      {0, "0"}, {10'000, "10000"}, {1'024, "1KiB"}, {64 << 20, "64MiB"}, {1 << 30, "1GiB"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(FormatBytes(bytes), text);
    EXPECT_EQ(ParseBytes(text).value(), bytes);
  }
}

}  // namespace
}  // namespace pgsidecar
