#include "net/resolver.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include "unit/net/loop_fixture.h"

namespace pgsidecar::net {
namespace {

/// Stands for the system: answers a name when the test lets it.
class Names {
 public:
  Resolution LookUp(const Endpoint& endpoint) {
    std::unique_lock lock(mutex_);
    ++calls_[endpoint.host];
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_ || endpoint.host.rfind("stuck", 0) != 0; });
    return {.addresses = {}, .failure = "no " + endpoint.host};
  }

  /// Names that begin with `stuck` are answered from now on.
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void AwaitCallsFor(const std::string& host) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_[host] > 0; });
  }
  int calls(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return calls_[host];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;                 // Guarded by mutex_.
  std::map<std::string, int> calls_;  // Guarded by mutex_.
};

class ResolverTest : public LoopTest {
 protected:
  ~ResolverTest() override { names_.Open(); }

  void Ask(const std::string& host) {
    lookups_.push_back(resolver_.Resolve(
        loop_, {.host = host, .port = 5432},
        [this](const Resolution& resolution) { answers_.push_back(resolution.failure); }));
  }

  Names names_;
  std::vector<std::string> answers_;
  std::vector<Lookup> lookups_;
  Resolver resolver_{[this](const Endpoint& endpoint) { return names_.LookUp(endpoint); }};
};

TEST_F(ResolverTest, StuckNamesDoNotDelayAnother) {
  for (const std::string host : {"stuck1", "stuck2", "stuck3"}) Ask(host);
  Ask("quick");
  Ask("other");
  RunUntil([this] { return answers_.size() == 2; });
  EXPECT_EQ(answers_, (std::vector<std::string>{"no quick", "no other"}));
}

TEST_F(ResolverTest, RequestsForANameShareItsLookUpEvenWhileItRuns) {
  Ask("stuck");
  names_.AwaitCallsFor("stuck");
  Ask("stuck");
  Ask("stuck");
  names_.Open();
  RunUntil([this] { return answers_.size() == 3; });
  EXPECT_EQ(names_.calls("stuck"), 1);
}

TEST_F(ResolverTest, ANameIsLookedUpAgainForALaterRequest) {
  Ask("db");
  RunUntil([this] {
    if (answers_.size() == 1 && lookups_.size() == 1) Ask("db");
    return answers_.size() == 2;
  });
  EXPECT_EQ(names_.calls("db"), 2);
}

TEST_F(ResolverTest, AnAddressNeedsNoLookUp) {
  for (int i = 0; i < 4; ++i) Ask("stuck" + std::to_string(i));
  Ask("127.0.0.1");
  RunUntil([this] { return answers_.size() == 1; });
  EXPECT_EQ(answers_.front(), "");
}

TEST_F(ResolverTest, AFullQueueIsAFailure) {
  for (int i = 0; i < 1024; ++i) Ask("stuck");
  Ask("one too many");
  RunUntil([this] { return !answers_.empty(); });
  EXPECT_EQ(answers_, (std::vector<std::string>{"too many host names wait to be resolved"}));
}

TEST_F(ResolverTest, AForgottenLookUpStaysSilent) {
  Ask("stuck");
  lookups_.clear();
  names_.AwaitCallsFor("stuck");
  names_.Open();
  Ask("last");
  RunUntil([this] { return !answers_.empty(); });
  EXPECT_EQ(answers_, (std::vector<std::string>{"no last"}));
}

}  // namespace
}  // namespace pgsidecar::net
