#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "net/resolver.h"
#include "wire/instruments.h"
#include "wire/options.h"
#include "wire/upstream_health.h"
#include "wire/wire_front.h"

namespace pgsidecar::wire {

struct WireShared {
  WireShared(const WireOptions& wire_options, const WireContext& wire_context)
      : options(wire_options),
        context(wire_context),
        upstream_name(options.upstream.ToString()),
        instruments(context.registry, upstream_name),
        upstream(context.registry, upstream_name),
        resolver(std::make_unique<net::Resolver>()) {}

  const WireOptions options;
  const WireContext context;
  const std::string upstream_name;
  WireInstruments instruments;
  UpstreamHealth upstream;
  std::unique_ptr<net::Resolver> resolver;  ///< Reset before the loops it answers to.
  std::atomic<std::uint32_t> sessions{0};
  std::atomic<std::uint64_t> last_session_id{0};
  std::atomic<bool> draining{false};

  net::Endpoint upstream_endpoint() const { return options.upstream.hosts[0].endpoint(); }
};

}  // namespace pgsidecar::wire
