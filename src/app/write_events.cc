#include "app/write_events.h"

#include <string>

#include "sql/cache_judge.h"

namespace pgsidecar::app {

cache::Event FloorOfQueries() {
  return {.kind = cache::EventKind::kFloor, .doors = cache::Door::kQuery};
}

sql::CacheEffect WriteEvents::EffectOf(std::string_view datname,
                                       const sql::StatementTraits* traits) {
  return operations_.EffectOf(datname, traits);
}

void WriteEvents::Apply(const sql::CacheEffect& effect) {
  if (effect.scope == sql::EffectScope::kFloor) return on_definitions_();
  for (const std::string& tag : effect.tags) {
    static_cast<void>(core_.Invalidate(core_.TagEvent(tag)));
  }
}

void WriteEvents::BlindWriterBegan(std::string_view datname) {
  operations_.AddBlindWriter(datname);
}

/// What it wrote is not known, nor when: all is dropped before answers are looked up again.
void WriteEvents::BlindWriterEnded(std::string_view datname) {
  if (datname.empty()) {
    static_cast<void>(core_.Invalidate(FloorOfQueries()));
  } else {
    Apply({sql::EffectScope::kTags, {sql::DatabaseTag(datname)}});
  }
  operations_.RemoveBlindWriter(datname);
}

}  // namespace pgsidecar::app
