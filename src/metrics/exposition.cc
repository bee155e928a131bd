#include "metrics/exposition.h"

#include "base/clock.h"
#include "metrics/gzip.h"
#include "metrics/page.h"
#include "metrics/registry_state.h"

namespace pgsidecar::metrics {
namespace {

constexpr std::size_t kGzipFromBytes = 1024;

std::unique_ptr<PageFormat> MakeFormat(Format format) {
  switch (format) {
    case Format::kText:
      return std::make_unique<TextFormat>();
    case Format::kOpenMetrics:
      return std::make_unique<OpenMetricsFormat>();
  }
  return std::make_unique<TextFormat>();
}

void Refresh(Registry::State& state) {
  std::vector<std::function<void()>> refreshers;
  {
    const std::scoped_lock lock(state.mutex);
    refreshers = state.refreshers;
  }
  for (const std::function<void()>& refresh : refreshers) refresh();
}

}  // namespace

Exposition Expose(Registry& registry, std::string_view accept, std::string_view accept_encoding) {
  const SystemClock clock;
  const Nanos start = clock.Now();
  Registry::State& state = registry.state();
  Refresh(state);
  const std::unique_ptr<PageFormat> format = MakeFormat(NegotiateFormat(accept));
  Page page = WritePage(registry, *format);
  const std::size_t size_bytes = page.body.size();

  Exposition exposition;
  exposition.content_type = format->content_type();
  exposition.body = std::move(page.body);
  if (size_bytes > kGzipFromBytes && AcceptsGzip(accept_encoding)) {
    if (std::optional<std::string> packed = Gzip(exposition.body)) {
      exposition.body = *std::move(packed);
      exposition.gzip = true;
    } else {
      state.internal_errors->Increment();
    }
  }
  state.exposition_size->Set(static_cast<double>(size_bytes));
  state.exposed_series->Set(static_cast<double>(page.samples));
  state.exposition_duration->Set(ToSeconds(clock.Now() - start));
  return exposition;
}

}  // namespace pgsidecar::metrics
