#include "executor/recent_statements.h"

#include <algorithm>

namespace pgsidecar::executor {

bool RecentStatements::Has(const std::string& statement, Nanos now) const {
  const auto found = tried_.find(statement);
  return found != tried_.end() && now - found->second < every_;
}

void RecentStatements::Add(const std::string& statement, Nanos now) {
  if (!tried_.contains(statement) && tried_.size() >= kMax) MakeRoom(now);
  tried_[statement] = now;
}

void RecentStatements::MakeRoom(Nanos now) {
  std::erase_if(tried_, [&](const auto& each) { return now - each.second >= every_; });
  if (tried_.size() < kMax) return;
  tried_.erase(std::min_element(tried_.begin(), tried_.end(),
                                [](const auto& a, const auto& b) { return a.second < b.second; }));
}

}  // namespace pgsidecar::executor
