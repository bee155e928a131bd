#include "metrics/process_collector.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "page_reader.h"

namespace pgsidecar::metrics {
namespace {

TEST(ProcessStat, ReadsTheFieldsAfterAnyCommand) {
  const auto stat = ParseProcessStat(
      "42 ((a) b) () S 1 42 42 0 -1 4194304 100 0 0 0 11 22 0 0 20 0 7 0 12345 1048576 256 "
      "18446744073709551615 1 1 0 0");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->cpu_ticks, 33);
  EXPECT_EQ(stat->threads, 7);
  EXPECT_EQ(stat->start_ticks, 12345);
  EXPECT_EQ(stat->virtual_bytes, 1048576);
  EXPECT_EQ(stat->resident_pages, 256);
}

TEST(ProcessStat, RefusesWhatIsNotSuchALine) {
  EXPECT_FALSE(ParseProcessStat(""));
  EXPECT_FALSE(ParseProcessStat("42 command S 1"));
  EXPECT_FALSE(ParseProcessStat("42 (command) S 1 2 3"));
}

TEST(ProcessMetrics, DescribeThisProcess) {
  Registry registry(1);
  AddProcessMetrics(registry);
  const std::string page = TextPage(registry);
  const double now = static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(
                                             std::chrono::system_clock::now().time_since_epoch())
                                             .count());
  EXPECT_GT(SampleIn(page, "process_start_time_seconds").value(), now - 86400);
  EXPECT_LE(SampleIn(page, "process_start_time_seconds").value(), now + 1);
  EXPECT_GT(SampleIn(page, "process_resident_memory_bytes"), 1e6);
  EXPECT_GE(SampleIn(page, "process_virtual_memory_bytes"),
            SampleIn(page, "process_resident_memory_bytes"));
  EXPECT_GE(SampleIn(page, "process_threads"), 1);
  EXPECT_GT(SampleIn(page, "process_max_fds"), SampleIn(page, "process_open_fds"));
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_internal_errors_total{component="metrics"})"), 0);

  const int extra = ::dup(0);
  ASSERT_GE(extra, 0);
  const std::string later = TextPage(registry);
  ::close(extra);
  EXPECT_EQ(SampleIn(later, "process_open_fds").value(),
            SampleIn(page, "process_open_fds").value() + 1);
  EXPECT_GE(SampleIn(later, "process_cpu_seconds_total"),
            SampleIn(page, "process_cpu_seconds_total"));
}

}  // namespace
}  // namespace pgsidecar::metrics
