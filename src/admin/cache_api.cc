#include "admin/cache_api.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "admin/query_string.h"
#include "cache/cache_metrics.h"
#include "sql/cache_judge.h"

namespace pgsidecar::admin {
namespace {

using Json = nlohmann::ordered_json;

Response Answer(const Json& body, int status = 200) {
  return JsonAnswer(body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", status);
}

Response Refused(const std::string& detail) { return Problem(400, "bad-parameter", detail); }

/// Series exist from the start, so that this adds none.
std::uint64_t Count(metrics::Registry& registry, const metrics::Declaration& declaration,
                    metrics::Registry::Values labels) {
  return static_cast<std::uint64_t>(registry.AddCounter(declaration, labels).Value());
}

Json StoreJson(metrics::Registry& registry, std::string_view door, std::string_view store) {
  Json out;
  out["lookups"] = Count(registry, cache::kCacheLookupsTotal, {door, store});
  out["hits"] = Count(registry, cache::kCacheHitsTotal, {door, store});
  out["misses"] = Count(registry, cache::kCacheMissesTotal, {door, store});
  out["insertions"] = Count(registry, cache::kCacheInsertionsTotal, {door, store});
  return out;
}

Json BypassesJson(metrics::Registry& registry) {
  Json out = Json::object();
  for (std::size_t i = 0; i < cache::kSqlBypasses; ++i) {
    const std::string_view reason = cache::kBypassNames[i];
    const auto count = Count(registry, cache::kCacheBypassesTotal, {"query", reason});
    if (count > 0) out[std::string(reason)] = count;
  }
  return out;
}

std::string_view StateName(cache::CacheState state) {
  return cache::kCacheStateNames[static_cast<std::size_t>(state)];
}

/// Which doors `&cache=` names, or nothing if there is no such one.
std::optional<cache::DoorSet> DoorsOf(std::string_view name) {
  if (name.empty()) return cache::DoorSet::All();
  if (name == "query") return cache::DoorSet(cache::Door::kQuery);
  if (name == "http") return cache::DoorSet(cache::Door::kHttp);
  return std::nullopt;
}

Json ExplanationJson(const executor::CacheExplanation& explanation) {
  Json out;
  out["cached"] = explanation.reasons.empty();
  Json& reasons = out["reasons"] = Json::array();
  for (const sql::BypassReason reason : explanation.reasons) reasons.push_back(sql::Name(reason));
  out["tags"] = explanation.tags;
  if (explanation.cache) {
    out["ttl_seconds"] = std::chrono::duration<double>(explanation.cache->ttl).count();
    out["key"] = explanation.cache->key;
  }
  return out;
}

/// The one member `name` of a JSON object, if it is a text.
std::optional<std::string> TextMember(const Json& body, const char* name) {
  const auto member = body.find(name);
  if (body.size() != 1 || member == body.end() || !member->is_string()) return std::nullopt;
  return member->get<std::string>();
}

}  // namespace

Response CacheAnswerOf(const CacheContext& context) {
  const cache::Stats stats = context.cache.stats();
  Json out;
  out["state"] = StateName(stats.state);
  out["entries"] = stats.entries;
  out["bytes"] = stats.bytes;
  out["waiters"] = stats.waiters;
  out["fetches"] = stats.fetches;
  out["invalidation"] = {{"position", stats.position},
                         {"pending", stats.pending},
                         {"patterns", stats.patterns},
                         {"exact", stats.exact},
                         {"last_floor_cause", stats.last_floor_cause}};
  out["caches"]["query"]["memory"] = StoreJson(context.registry, "query", "memory");
  out["caches"]["query"]["bypasses"] = BypassesJson(context.registry);
  if (context.notify_connected) out["notify_connected"] = context.notify_connected();
  return Answer(out);
}

Response PurgeAnswer(const CacheContext& context, std::string_view query) {
  const auto parameters = QueryString::Parse(query, {"pattern", "tag", "cache"});
  if (!parameters.ok()) return Refused(parameters.error().message);
  const std::string_view pattern = parameters.value().Get("pattern", "");
  const std::string_view tag = parameters.value().Get("tag", "");
  if (pattern.empty() == tag.empty()) {
    return Refused("either pattern or tag is needed; pattern=* drops everything");
  }
  const std::string_view door = parameters.value().Get("cache", "");
  const auto doors = DoorsOf(door);
  if (!doors) return Refused(BadParameter("cache", door, "query, http"));
  cache::Event event;
  if (!tag.empty()) {
    if (tag.size() > sql::kTagBytesMax) return Refused("tag is longer than 256 bytes");
    event = context.cache.TagEvent(sql::NormalTag(tag));
    event.doors = *doors;
  } else {
    auto made = context.cache.PatternEvent(pattern, *doors);
    if (!made.ok()) {
      return Refused("pattern is no glob of at most 256 bytes, whose classes end");
    }
    event = std::move(made).value();
  }
  const cache::Invalidated done = context.cache.Purge(event);
  Json out;
  out["memory"] = done.memory;
  out["redis"] = done.pending ? "pending" : "done";
  return Answer(out, done.pending ? 202 : 200);
}

Response ExplainAnswer(const CacheContext& context, std::string_view body) {
  constexpr std::string_view kShape = "the body is not {\"sql\": TEXT} or {\"operation\": NAME}";
  const Json parsed = Json::parse(body, nullptr, false);
  if (!parsed.is_object()) return Problem(400, "bad-body", std::string(kShape));
  if (parsed.contains("path")) {
    return Problem(400, "no-http-front", "there is no HTTP front here whose answers are cached");
  }
  if (context.operations == nullptr) {
    return Problem(400, "no-operations", "no operations are configured, so no SQL is judged");
  }
  if (const auto sql = TextMember(parsed, "sql")) {
    return Answer(ExplanationJson(context.operations->ExplainSql(*sql)));
  }
  const auto name = TextMember(parsed, "operation");
  if (!name) return Problem(400, "bad-body", std::string(kShape));
  const auto explanation = context.operations->Explain(*name);
  if (!explanation) return Problem(404, "unknown-operation", "there is no operation of that name");
  return Answer(ExplanationJson(*explanation));
}

}  // namespace pgsidecar::admin
