#include "admin/scrape_gate.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace pgsidecar::admin {
namespace {

TEST(ScrapeGate, RefusesOneTooMany) {
  ScrapeGate gate(2, std::chrono::milliseconds(1));
  const ScrapeGate::Pass first(gate);
  {
    const ScrapeGate::Pass second(gate);
    EXPECT_TRUE(second.granted());
    EXPECT_FALSE(ScrapeGate::Pass(gate).granted());
  }
  EXPECT_TRUE(ScrapeGate::Pass(gate).granted());
}

TEST(ScrapeGate, LetsAWaiterInWhenAPlaceIsFree) {
  ScrapeGate gate(1, std::chrono::seconds(30));
  std::optional<ScrapeGate::Pass> first(std::in_place, gate);
  std::thread waiter([&] { EXPECT_TRUE(ScrapeGate::Pass(gate).granted()); });
  first.reset();
  waiter.join();
}

}  // namespace
}  // namespace pgsidecar::admin
