#include <gtest/gtest.h>

#include "metrics/exposition.h"

namespace pgsidecar::metrics {
namespace {

struct AcceptCase {
  std::string_view accept;
  Format expected;
};

TEST(Negotiation, AcceptTable) {
  constexpr Format kText = Format::kText;
  constexpr Format kOpen = Format::kOpenMetrics;
  constexpr AcceptCase kCases[] = {
      // As Prometheus 2.42, Prometheus 3 and curl send it.
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
       "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpen},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
       "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       kOpen},
      {"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", kText},
      {"*/*", kText},
      {"", kText},
      // Ties, ranges and what is more precise.
      {"application/openmetrics-text", kOpen},
      {"application/openmetrics-text, text/plain", kOpen},
      {"text/plain, application/openmetrics-text", kOpen},
      {"text/plain, application/openmetrics-text;q=0.9", kText},
      {"application/openmetrics-text, */*", kOpen},
      {"application/*", kOpen},
      {"application/*;q=0.5, text/*;q=0.6", kText},
      {"text/*;q=0.5, */*;q=0.8", kOpen},
      {"*/*;q=0.8, application/openmetrics-text;q=0.1", kText},
      {"application/openmetrics-text;q=0.1, application/openmetrics-text;version=1.0.0", kOpen},
      // Exclusion.
      {"application/openmetrics-text;q=0", kText},
      {"application/openmetrics-text;q=0, */*", kText},
      {"text/plain;q=0, */*", kOpen},
      {"text/plain;q=0, application/openmetrics-text;q=0.001", kOpen},
      {"text/plain;q=0, application/openmetrics-text;q=0.0", kText},
      // Versions and parameters.
      {"application/openmetrics-text;version=2.0.0", kText},
      {"application/openmetrics-text;version=0.0.1", kText},
      {"application/openmetrics-text; version=\"1.0.0\"; charset=UTF-8", kOpen},
      {"application/openmetrics-text;charset=latin1", kText},
      {"Application/OpenMetrics-Text;VERSION=1.0.0;Q=1.000", kOpen},
      // Garbage gives text.
      {"application/openmetrics-text;q=2", kText},
      {"application/openmetrics-text;q=abc", kText},
      {"application/openmetrics-text;q=0.1234", kText},
      {"application/openmetrics-text;q=", kText},
      {"application/openmetrics-text;q=1.001", kText},
      {",,;;==,\"", kText},
      {"image/png", kText},
      {"\"application/openmetrics-text", kText},
      {"x;a=\",\", application/openmetrics-text", kOpen},
  };
  for (const AcceptCase& c : kCases) EXPECT_EQ(NegotiateFormat(c.accept), c.expected) << c.accept;
}

TEST(Negotiation, AcceptEncodingTable) {
  struct Case {
    std::string_view header;
    bool expected;
  };
  constexpr Case kCases[] = {
      {"gzip", true},
      {"", false},
      {"identity", false},
      {"gzip, deflate, br", true},
      {"GZIP", true},
      {"x-gzip", true},
      {"*", true},
      {"*;q=0", false},
      {"gzip;q=0", false},
      {"gzip;q=0, *", false},
      {"*;q=0, gzip", true},
      {"deflate, gzip;q=0.001", true},
      {"gzip;q=0.000", false},
      {"gzip;q=nonsense", false},
      {"gzipped", false},
      {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
  };
  for (const Case& c : kCases) EXPECT_EQ(AcceptsGzip(c.header), c.expected) << c.header;
}

}  // namespace
}  // namespace pgsidecar::metrics
