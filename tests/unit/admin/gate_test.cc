#include "admin/gate.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace pgsidecar::admin {
namespace {

TEST(Gate, RefusesOneTooMany) {
  Gate gate(2, std::chrono::milliseconds(1));
  const Gate::Pass first(gate);
  {
    const Gate::Pass second(gate);
    EXPECT_TRUE(second.granted());
    EXPECT_FALSE(Gate::Pass(gate).granted());
  }
  EXPECT_TRUE(Gate::Pass(gate).granted());
}

TEST(Gate, LetsAWaiterInWhenAPlaceIsFree) {
  Gate gate(1, std::chrono::seconds(30));
  std::optional<Gate::Pass> first(std::in_place, gate);
  std::thread waiter([&] { EXPECT_TRUE(Gate::Pass(gate).granted()); });
  first.reset();
  waiter.join();
}

}  // namespace
}  // namespace pgsidecar::admin
