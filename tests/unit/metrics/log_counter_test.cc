#include "metrics/log_counter.h"

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include "page_reader.h"

namespace pgsidecar::metrics {
namespace {

TEST(LogCounter, CountsLinesThatAreWrittenByLevel) {
  Registry registry(1);
  spdlog::logger logger("test", MakeLogCounter(registry));
  logger.set_level(spdlog::level::info);
  EXPECT_EQ(Sample(registry, R"(pgsidecar_log_messages_total{level="error"})"), 0);
  logger.debug("below the level");
  logger.info("one");
  logger.warn("two");
  logger.warn("three");
  logger.critical("four");
  const std::string page = TextPage(registry);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_log_messages_total{level="debug"})"), 0);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_log_messages_total{level="info"})"), 1);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_log_messages_total{level="warning"})"), 2);
  EXPECT_EQ(SampleIn(page, R"(pgsidecar_log_messages_total{level="critical"})"), 1);
}

}  // namespace
}  // namespace pgsidecar::metrics
