// The core against a naive map that remembers every event that ever was.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/glob.h"
#include "unit/cache/fixture.h"

namespace pgsidecar::cache {
namespace {

struct Logged {
  enum class Kind { kGlob, kTag } kind;
  std::string argument;
};

/// What is stored, with the length of the log when its fetch began.
struct ModelEntry {
  std::string body = {};
  std::vector<std::string> tags = {};
  std::size_t began = 0;
  Nanos stored_at = 0;
  Nanos ttl = 0;
};

class NaiveCache {
 public:
  std::vector<Logged> log;
  std::map<std::string, ModelEntry> entries;

  bool IsKilled(const std::string& name, const ModelEntry& entry) const {
    for (std::size_t i = entry.began; i < log.size(); ++i) {
      if (log[i].kind == Logged::Kind::kGlob && GlobMatches(log[i].argument, name)) return true;
      for (const std::string& tag : entry.tags) {
        if (log[i].kind == Logged::Kind::kTag && log[i].argument == tag) return true;
      }
    }
    return false;
  }
  const ModelEntry* Find(const std::string& name, Nanos now) const {
    const auto found = entries.find(name);
    if (found == entries.end() || IsKilled(name, found->second)) return nullptr;
    return now - found->second.stored_at < found->second.ttl ? &found->second : nullptr;
  }
  /// What is over leaves memory.
  void Sweep(Nanos now) {
    std::erase_if(entries, [this, now](const auto& entry) { return !Find(entry.first, now); });
  }
};

class PropertyRun {
 public:
  explicit PropertyRun(unsigned seed) : random_(seed), cache_(WithoutStale()) {}

  void Step() {
    switch (random_() % 10) {
      case 0:
        return Invalidate();
      case 1:
        cache_.Advance(static_cast<Nanos>(random_() % 4) * kNanosPerSecond);
        return;
      case 2:
        if (random_() % 8 != 0) return;
        cache_.core->Maintain();
        return model_.Sweep(cache_.clock.Now());
      case 3:
      case 4:
      case 5:
        return EndFetch();
      default:
        return Lookup();
    }
  }
  void Finish() {
    fetches_.clear();
    EXPECT_EQ(cache_.Total("lookups_total"), lookups_);
    EXPECT_EQ(cache_.Total("hits_total"), hits_);
    EXPECT_EQ(cache_.Total("misses_total"), lookups_ - hits_);
    EXPECT_EQ(cache_.Total("insertions_total"), insertions_);
    EXPECT_EQ(cache_.Total(R"(insertions_refused_total{cache="query",reason="raced"})"), raced_);
    EXPECT_EQ(cache_.Total("invalidations_total"), invalidations_);
  }

 private:
  struct Fetch {
    std::string name;
    std::size_t began;
    FillTicket ticket;
  };

  static Options WithoutStale() {
    Options options;
    options.stale_if_error = {};
    options.beta = 0;
    return options;
  }
  std::string Name() { return "user:" + std::to_string(random_() % 20); }
  std::string Tag() { return "t" + std::to_string(random_() % 8); }

  void Invalidate() {
    ++invalidations_;
    if (random_() % 2 == 0) {
      const std::string tag = Tag();
      cache_.core->Invalidate(cache_.core->TagEvent(tag));
      model_.log.push_back({Logged::Kind::kTag, tag});
      return;
    }
    const std::vector<std::string> patterns = {Name(), "user:?", "user:1*", "*[2-5]",
                                               random_() % 8 == 0 ? "*" : Name()};
    const std::string& pattern = patterns[random_() % patterns.size()];
    std::size_t left = 0;
    for (const auto& [name, entry] : model_.entries) {
      if (GlobMatches(pattern, name)) ++left;
    }
    const auto event = cache_.core->PatternEvent(pattern, Door::kQuery);
    EXPECT_EQ(cache_.core->Purge(event.value()).memory, left) << pattern;
    model_.log.push_back({Logged::Kind::kGlob, pattern});
    model_.Sweep(cache_.clock.Now());
  }

  void Lookup() {
    const std::string name = Name();
    // One that waits for a fetch of ours would never be answered.
    for (const Fetch& fetch : fetches_) {
      if (fetch.name == name) return;
    }
    LookupResult result = cache_.Lookup(name);
    ++lookups_;
    const ModelEntry* expected = model_.Find(name, cache_.clock.Now());
    ASSERT_EQ(result.kind, expected != nullptr ? LookupKind::kHit : LookupKind::kFill) << name;
    if (expected != nullptr) {
      ++hits_;
      ASSERT_EQ(result.entry->body, expected->body);
      ASSERT_EQ(result.age, cache_.clock.Now() - expected->stored_at);
      return;
    }
    model_.entries.erase(name);
    fetches_.push_back({name, model_.log.size(), std::move(result.ticket)});
  }

  void EndFetch() {
    if (fetches_.empty()) return;
    const std::size_t index = random_() % fetches_.size();
    Fetch fetch = std::move(fetches_[index]);
    fetches_.erase(fetches_.begin() + static_cast<std::ptrdiff_t>(index));
    if (random_() % 8 == 0) {
      fetch.ticket.Fail({"no", "", {}, random_() % 2 == 0});
      return;
    }
    ModelEntry entry;
    entry.body = std::to_string(random_());
    for (std::size_t i = random_() % 4; i > 0; --i) entry.tags.push_back(Tag());
    entry.began = fetch.began;
    entry.stored_at = cache_.clock.Now();
    entry.ttl = static_cast<Nanos>(1 + random_() % 10) * kNanosPerSecond;
    Fill fill = CoreFixture::MakeFill(entry.body, entry.tags);
    fill.ttl = entry.ttl;
    const bool late = model_.IsKilled(fetch.name, entry);
    const Stored stored = fetch.ticket.Store(fill);
    ASSERT_EQ(stored.refused, late ? std::optional(Refusal::kRaced) : std::nullopt);
    ++(late ? raced_ : insertions_);
    if (!late) model_.entries[fetch.name] = entry;
  }

  std::mt19937_64 random_;
  CoreFixture cache_;
  NaiveCache model_;
  std::vector<Fetch> fetches_;
  int lookups_ = 0;
  int hits_ = 0;
  int insertions_ = 0;
  int raced_ = 0;
  int invalidations_ = 0;
};

TEST(CoreProperty, AgreesWithANaiveMapAndAFullLog) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    PropertyRun run(seed);
    for (int step = 0; step < 1'500; ++step) {
      run.Step();
      if (testing::Test::HasFailure()) FAIL() << "seed " << seed << ", step " << step;
    }
    run.Finish();
  }
}

}  // namespace
}  // namespace pgsidecar::cache
