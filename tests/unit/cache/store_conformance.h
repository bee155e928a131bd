#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "cache/keys.h"
#include "cache/store.h"

namespace pgsidecar::cache {

/// A store that is ready to be used, with what it needs. Every store gets through the same suite
/// (store_conformance_test.cc): one more is one row in ConformingStores.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  virtual const Clock& clock() = 0;
  virtual const KeySpace& keys() = 0;
  virtual std::uint64_t epoch() = 0;  ///< The one that Put has to name.
};

struct StoreCase {
  std::string name;
  /// Null when the store cannot run here (no server installed): the suite is skipped then.
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};

inline void PrintTo(const StoreCase& store, std::ostream* out) { *out << store.name; }

}  // namespace pgsidecar::cache
