#include "metrics/collectable.h"

#include "metrics/registry_state.h"

namespace pgsidecar::metrics {
namespace {

class RegistryCollectable final : public prometheus::Collectable {
 public:
  explicit RegistryCollectable(Registry& registry) : registry_(registry) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    return registry_.state().library.Collect();
  }

 private:
  Registry& registry_;
};

}  // namespace

std::shared_ptr<prometheus::Collectable> MakeCollectable(Registry& registry) {
  return std::make_shared<RegistryCollectable>(registry);
}

}  // namespace pgsidecar::metrics
