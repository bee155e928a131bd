#include "metrics/exposition.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <thread>

#include "metrics/number_text.h"
#include "metrics/process_collector.h"
#include "metrics/recorder.h"
#include "page_reader.h"

namespace pgsidecar::metrics {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";

constexpr Declaration kErrors{"pgsidecar_errors_total", Type::kCounter, "datname,class",
                              "Errors, a back\\slash,\na newline and \"quotes\"."};
constexpr Declaration kBytes{"pgsidecar_sent_bytes_total", Type::kCounter, "", "Bytes sent."};
constexpr Declaration kAge{"pgsidecar_age_seconds", Type::kGauge, "of", "Ages."};
constexpr Declaration kBuild{"pgsidecar_build_info", Type::kInfo, "version", "Build."};
constexpr Declaration kTook{"pgsidecar_took_seconds", Type::kHistogram, "datname", "Took.",
                            Buckets::kO};
constexpr Declaration kPlain{"pgsidecar_plain_seconds", Type::kHistogram, "", "Plain.",
                             Buckets::kS};

constexpr Exemplar kExemplar{"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331",
                             "0123456789abcdef"};

/// Every kind of metric, value and label. Label values arrive out of order.
void Fill(Registry& registry) {
  registry.AddCounter(kErrors, {"b", "x"}).Increment(2);
  registry.AddCounter(kErrors, {"a", "z"}).Increment(1234567890);
  registry.AddCounter(kErrors, {"a", "y"}).Increment(0.5);
  registry.AddCounter(kErrors, {"quote\" back\\slash\nline\tcontrol\xC3(", "y"});
  registry.AddCounter(kBytes).Increment(1e15);
  registry.AddGauge(kAge, {"nothing"}).Set(std::nan(""));
  registry.AddGauge(kAge, {"always"}).Set(std::numeric_limits<double>::infinity());
  registry.AddGauge(kAge, {"before"}).Set(-std::numeric_limits<double>::infinity());
  registry.AddGauge(kAge, {"tiny"}).Set(1e-9);
  registry.AddGauge(kAge, {"moment"}).Set(1767225600.25);
  registry.AddInfo(kBuild, {"1.2.3"});
  registry.AddHistogram(kPlain);
  Histogram& took = registry.AddHistogram(kTook, {"app"});
  took.Observe(0.00001);
  took.Observe(0.02, kExemplar, 1767225600.25);
  took.Observe(7, {kExemplar.trace_id, kExemplar.span_id, ""}, 1767225601);
}

std::string Golden(const std::string& name) {
  const std::string path = std::string(PGSIDECAR_SOURCE_DIR) + "/tests/unit/metrics/golden/" + name;
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

/// Compares, or writes the golden page if PGSIDECAR_WRITE_GOLDEN is set.
void ExpectGolden(const std::string& page, const std::string& name) {
  if (std::getenv("PGSIDECAR_WRITE_GOLDEN") != nullptr) {
    std::ofstream(std::string(PGSIDECAR_SOURCE_DIR) + "/tests/unit/metrics/golden/" + name) << page;
  }
  EXPECT_EQ(page, Golden(name)) << name;
}

TEST(Exposition, EmptyPagesAreGolden) {
  Registry text(1);
  ExpectGolden(Expose(text, "text/plain", "").body, "empty.txt");
  Registry open_metrics(1);
  ExpectGolden(Expose(open_metrics, kOpenMetricsType, "").body, "empty.openmetrics");
}

TEST(Exposition, FullPagesAreGolden) {
  Registry text(0.3);
  Fill(text);
  ExpectGolden(Expose(text, "text/plain", "").body, "full.txt");
  Registry open_metrics(0.3);
  Fill(open_metrics);
  ExpectGolden(Expose(open_metrics, kOpenMetricsType, "").body, "full.openmetrics");
}

TEST(Exposition, SpellsOutTheContentType) {
  Registry registry(1);
  EXPECT_EQ(Expose(registry, "", "").content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(Expose(registry, kOpenMetricsType, "").content_type,
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

TEST(Exposition, ReportsOnThePreviousPage) {
  Registry registry(1);
  Fill(registry);
  const std::string first = TextPage(registry);
  const std::string second = TextPage(registry);
  EXPECT_EQ(SampleIn(first, "pgsidecar_exposed_series"), 0);
  EXPECT_EQ(SampleIn(second, "pgsidecar_exposition_size_bytes"), first.size());
  EXPECT_GT(SampleIn(second, "pgsidecar_exposition_duration_seconds"), 0);
  std::istringstream lines(first);
  double samples = 0;
  for (std::string line; std::getline(lines, line);) samples += line.starts_with("#") ? 0 : 1;
  EXPECT_EQ(SampleIn(second, "pgsidecar_exposed_series"), samples);
}

std::string Gunzip(const std::string& packed) {
  std::string out(1 << 20, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Exposition, CompressesLargePagesOnly) {
  Registry registry(1);
  Fill(registry);
  const Exposition plain = Expose(registry, "", "identity");
  EXPECT_FALSE(plain.gzip);
  Registry same(1);
  Fill(same);
  const Exposition packed = Expose(same, "", "gzip");
  EXPECT_TRUE(packed.gzip);
  EXPECT_LT(packed.body.size(), plain.body.size() / 2);
  Registry again(1);
  Fill(again);
  EXPECT_EQ(Gunzip(packed.body), TextPage(again));
}

TEST(Exposition, NumbersAreShortAndBoundsCanonical) {
  const auto number = [](double value) {
    std::string out;
    AppendNumber(value, out);
    return out;
  };
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(12345), "12345");
  EXPECT_EQ(number(9007199254740993.0), "9007199254740992");
  const auto bound = [](double value) {
    std::string out;
    AppendBound(value, out);
    return out;
  };
  EXPECT_EQ(bound(0), "0.0");
  EXPECT_EQ(bound(1), "1.0");
  EXPECT_EQ(bound(0.0001), "0.0001");
  EXPECT_EQ(bound(0.00025), "0.00025");
  EXPECT_EQ(bound(0.00001), "1e-05");
  EXPECT_EQ(bound(0.000025), "2.5e-05");
  EXPECT_EQ(bound(3600), "3600.0");
  EXPECT_EQ(bound(1e5), "100000.0");
  EXPECT_EQ(bound(1e6), "1e+06");
  EXPECT_EQ(bound(std::numeric_limits<double>::infinity()), "+Inf");
}

TEST(Exemplars, AreOnOpenMetricsBucketsOnly) {
  Registry registry(1);
  registry.AddHistogram(kTook, {"app"}).Observe(0.02, kExemplar, 100);
  const std::string expected =
      R"(pgsidecar_took_seconds_bucket{datname="app",le="0.05"} 1 # )"
      R"({trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331",)"
      R"(fingerprint="0123456789abcdef"} 0.02 100)";
  EXPECT_THAT(Expose(registry, kOpenMetricsType, "").body, HasSubstr(expected + "\n"));
  EXPECT_THAT(TextPage(registry), Not(HasSubstr("trace_id")));
}

TEST(Exemplars, AreRenewedAtMostOnceASecond) {
  Registry registry(1);
  Histogram& took = registry.AddHistogram(kTook, {"app"});
  const auto page = [&] { return Expose(registry, kOpenMetricsType, "").body; };
  took.Observe(0.02, kExemplar, 100);
  took.Observe(0.03, kExemplar, 100.9);
  EXPECT_THAT(page(), HasSubstr("\"} 0.02 100\n"));
  took.Observe(0.04, kExemplar, 101);
  EXPECT_THAT(page(), HasSubstr("\"} 0.04 101\n"));
  took.Observe(0.045, kExemplar, 50);
  EXPECT_THAT(page(), HasSubstr("\"} 0.045 50\n")) << "the clock was set back";
}

TEST(Exemplars, MalformedIdsAreNotTaken) {
  Registry registry(1);
  Histogram& took = registry.AddHistogram(kTook, {"app"});
  took.Observe(0.02, {"", "", ""}, 100);
  took.Observe(0.02, {kExemplar.trace_id, "\"} 1\nevil_metric", ""}, 100);
  took.Observe(0.02, {"0AF7651916CD43DD8448EB211C80319C", kExemplar.span_id, ""}, 100);
  EXPECT_THAT(Expose(registry, kOpenMetricsType, "").body, Not(HasSubstr("trace_id")));
  took.Observe(0.02, {kExemplar.trace_id, kExemplar.span_id, "pending"}, 100);
  EXPECT_THAT(Expose(registry, kOpenMetricsType, "").body,
              HasSubstr("span_id=\"b7ad6b7169203331\"} 0.02 100\n"));
}

TEST(Exemplars, DoNotRepeatAFingerprintThatIsALabel) {
  Registry registry(1);
  StatementFamilies families(registry);
  families.Add({"app", "op", "0123456789abcdef"}).duration.Observe(0.02, kExemplar, 100);
  EXPECT_THAT(Expose(registry, kOpenMetricsType, "").body,
              HasSubstr(" # {trace_id=\"0af7651916cd43dd8448eb211c80319c\","
                        "span_id=\"b7ad6b7169203331\"} 0.02 100\n"));
}

TEST(Exposition, IsWholeWhileSeriesComeAndGo) {
  Registry registry(1);
  StatementFamilies families(registry);
  std::jthread churn([&](const std::stop_token& stop) {
    for (int i = 0; !stop.stop_requested(); ++i) {
      const std::string fingerprint = std::to_string(i % 10);
      StatementSeries& series = families.Add({"app", "op", fingerprint});
      series.duration.Observe(0.02, kExemplar, i);
      families.Remove(series);
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(Expose(registry, kOpenMetricsType, "").body, EndsWith("\n# EOF\n"));
  }
}

TEST(Exposition, PromtoolAcceptsThePage) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "promtool is not installed";
  }
  Registry registry(1);
  Recorder recorder(registry);
  recorder.Database("quote\" back\\slash").Record({.duration = 1000}, nullptr);
  StatementFamilies families(registry);
  families.Add({"app", "SELECT users", "0123456789abcdef"}).duration.Observe(2);
  families.AddInfo({"app", "SELECT users", "0123456789abcdef"}, "SELECT users",
                   "SELECT \"x\" FROM users WHERE a = $1");
  families.SetLastSlow({"app", "SELECT users", "0123456789abcdef"}, 1767225600, 2);
  AddProcessMetrics(registry);
  TextPage(registry);
  FILE* promtool = popen("promtool check metrics 2>&1", "w");
  ASSERT_NE(promtool, nullptr);
  const std::string page = TextPage(registry);
  EXPECT_EQ(fwrite(page.data(), 1, page.size(), promtool), page.size());
  EXPECT_EQ(WEXITSTATUS(pclose(promtool)), 0);
}

}  // namespace
}  // namespace pgsidecar::metrics
