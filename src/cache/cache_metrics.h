#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "metrics/registry.h"

namespace pgsidecar::cache {

using metrics::Buckets;
using metrics::Declaration;
using metrics::Type;

inline constexpr Declaration kCacheLookupsTotal{"pgsidecar_cache_lookups_total", Type::kCounter,
                                                "cache,store", "Look-ups in the cache."};
inline constexpr Declaration kCacheHitsTotal{"pgsidecar_cache_hits_total", Type::kCounter,
                                             "cache,store",
                                             "Look-ups answered with a fresh entry."};
inline constexpr Declaration kCacheMissesTotal{"pgsidecar_cache_misses_total", Type::kCounter,
                                               "cache,store",
                                               "Look-ups that found no usable entry."};
inline constexpr Declaration kCacheInsertionsTotal{"pgsidecar_cache_insertions_total",
                                                   Type::kCounter, "cache,store",
                                                   "Entries written to the cache."};
inline constexpr Declaration kCacheStaleTotal{
    "pgsidecar_cache_stale_total", Type::kCounter, "cache,store,reason",
    "Look-ups answered with a stale entry, because it was being refreshed (\"refreshing\") or "
    "because the origin failed (\"error\")."};
inline constexpr Declaration kCacheBypassesTotal{
    "pgsidecar_cache_bypasses_total", Type::kCounter, "cache,reason",
    "Requests and statements that were not looked up."};
inline constexpr Declaration kCacheInsertionsRefusedTotal{
    "pgsidecar_cache_insertions_refused_total", Type::kCounter, "cache,reason",
    "Answers that were not written to the cache."};
inline constexpr Declaration kCacheRefreshesTotal{"pgsidecar_cache_refreshes_total", Type::kCounter,
                                                  "cache,reason",
                                                  "Entries renewed before or after they expired."};
inline constexpr Declaration kCacheEvictionsTotal{"pgsidecar_cache_evictions_total", Type::kCounter,
                                                  "cache,store,reason",
                                                  "Entries removed from the cache."};
inline constexpr Declaration kCacheInvalidationsTotal{"pgsidecar_cache_invalidations_total",
                                                      Type::kCounter, "cache,kind",
                                                      "Invalidations carried out."};
inline constexpr Declaration kCacheInvalidationsPending{
    "pgsidecar_cache_invalidations_pending", Type::kGauge, "",
    "Invalidations that Redis has not confirmed."};
/// Set by the remote store that follows a log.
inline constexpr Declaration kCacheInvalidationLagSeconds{
    "pgsidecar_cache_invalidation_lag_seconds", Type::kGauge, "",
    "Age of the newest invalidation of another instance that was not applied yet."};
/// Set by whoever listens.
inline constexpr Declaration kCacheNotifyConnected{
    "pgsidecar_cache_notify_connected", Type::kGauge, "",
    "Whether the connection that listens for pgsidecar_invalidate is up."};
inline constexpr Declaration kCacheCoalescedRequestsTotal{
    "pgsidecar_cache_coalesced_requests_total", Type::kCounter, "cache",
    "Requests that waited for the same answer instead of asking again."};
inline constexpr Declaration kCacheAnswerAgeSeconds{
    "pgsidecar_cache_answer_age_seconds", Type::kHistogram, "cache",
    "Age of an entry when it answered a request.", Buckets::kL};
inline constexpr Declaration kCacheEntries{"pgsidecar_cache_entries", Type::kGauge, "cache,store",
                                           "Entries held in memory."};
inline constexpr Declaration kCacheSizeBytes{"pgsidecar_cache_size_bytes", Type::kGauge,
                                             "cache,store", "Memory charged to the entries."};
inline constexpr Declaration kCacheMaxSizeBytes{"pgsidecar_cache_max_size_bytes", Type::kGauge,
                                                "cache,store", "Memory the entries can take."};
inline constexpr Declaration kCacheOperationDurationSeconds{
    "pgsidecar_cache_operation_duration_seconds", Type::kHistogram, "store,action",
    "Time of one cache store operation.", Buckets::kO};
inline constexpr Declaration kCacheStoreErrorsTotal{"pgsidecar_cache_store_errors_total",
                                                    Type::kCounter, "store,reason",
                                                    "Cache store operations that failed."};
inline constexpr Declaration kCacheStoreUp{"pgsidecar_cache_store_up", Type::kGauge, "store",
                                           "Whether the cache store answers."};
inline constexpr Declaration kCacheStoreAuthenticated{
    "pgsidecar_cache_store_authenticated", Type::kGauge, "store",
    "Whether entries of the store are authenticated with a secret."};
inline constexpr Declaration kCacheState{"pgsidecar_cache_state", Type::kGauge, "state",
                                         "1 for the state the cache is in, 0 for the others."};
inline constexpr Declaration kCacheStateTransitionsTotal{"pgsidecar_cache_state_transitions_total",
                                                         Type::kCounter, "state",
                                                         "Times the cache entered a state."};

inline constexpr std::array kCacheMetrics{kCacheLookupsTotal,
                                          kCacheHitsTotal,
                                          kCacheMissesTotal,
                                          kCacheInsertionsTotal,
                                          kCacheStaleTotal,
                                          kCacheBypassesTotal,
                                          kCacheInsertionsRefusedTotal,
                                          kCacheRefreshesTotal,
                                          kCacheEvictionsTotal,
                                          kCacheInvalidationsTotal,
                                          kCacheInvalidationsPending,
                                          kCacheInvalidationLagSeconds,
                                          kCacheNotifyConnected,
                                          kCacheCoalescedRequestsTotal,
                                          kCacheAnswerAgeSeconds,
                                          kCacheEntries,
                                          kCacheSizeBytes,
                                          kCacheMaxSizeBytes,
                                          kCacheOperationDurationSeconds,
                                          kCacheStoreErrorsTotal,
                                          kCacheStoreUp,
                                          kCacheStoreAuthenticated,
                                          kCacheState,
                                          kCacheStateTransitionsTotal};

/// Why something was not looked up. The first twelve belong to SQL, the others to HTTP.
enum class Bypass : std::uint8_t {
  kNoRule,
  kNotJudged,
  kNotSelect,
  kFunction,
  kRelation,
  kRowSecurity,
  kAmbiguousName,
  kNoFacts,
  kUpstream,
  kShape,
  kTransaction,
  kSession,
  kMethod,
  kBody,
  kNoStore,
  kCookie,
  kConditional,
  kOverride,
  kUpgrade,
  kRoute
};

inline constexpr std::array<std::string_view, 20> kBypassNames = {
    "no_rule",      "not_judged",     "not_select", "function", "relation",
    "row_security", "ambiguous_name", "no_facts",   "upstream", "shape",
    "transaction",  "session",        "method",     "body",     "no_store",
    "cookie",       "conditional",    "override",   "upgrade",  "route"};
inline constexpr std::size_t kSqlBypasses = 12;

/// Values of `reason` of pgsidecar_cache_store_errors_total.
enum class StoreError : std::uint8_t {
  kConnect,
  kTimeout,
  kReset,
  kBusy,
  kAuth,
  kRefused,
  kProtocol,
  kCorrupt,
  kCluster
};
inline constexpr std::array<std::string_view, 9> kStoreErrorNames = {
    "connect", "timeout", "reset", "busy", "auth", "refused", "protocol", "corrupt", "cluster"};

/// Values of `action` of pgsidecar_cache_operation_duration_seconds.
inline constexpr std::array<std::string_view, 3> kStoreActionNames = {"get", "set", "invalidate"};

}  // namespace pgsidecar::cache
