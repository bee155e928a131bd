#include "wire/upstream_servers.h"

#include <algorithm>
#include <tuple>

namespace pgsidecar::wire {

UpstreamServerPtr ServerDirectory::Get(const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (const UpstreamServerPtr& each : known_) {
    if (each->name() == name) return each;
  }
  known_.push_back(std::make_shared<UpstreamServer>(registry_, name));
  return known_.back();
}

void ServerDirectory::Prune() {
  const std::lock_guard lock(mutex_);
  // Only we hand out references: a count of one cannot rise behind our back.
  std::erase_if(known_, [](const auto& each) { return each.use_count() == 1; });
}

UpstreamServers::UpstreamServers(const Upstream& upstream, ServerDirectory& directory)
    : wanted_(upstream.target_session_attrs) {
  for (const UpstreamHost& host : upstream.hosts) {
    targets_.push_back({directory.Get(host.ToString()), host, host.endpoint()});
  }
}

std::vector<UpstreamTarget> UpstreamServers::InOrder() const {
  if (targets_.size() == 1) return targets_;
  struct Candidate {
    std::tuple<bool, Suitability, Nanos> rank;
    const UpstreamTarget* target;
  };
  std::vector<Candidate> candidates;
  for (const UpstreamTarget& target : targets_) {
    const UpstreamServer::SeenRole seen = target.server->role();
    const Suitability suits = Suits(seen.role, wanted_);
    // Of servers that did not suit, the one whose role is the oldest news may have changed most.
    const Nanos age = suits == Suitability::kNo ? seen.at : 0;
    candidates.push_back({{!target.server->up(), suits, age}, &target});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.rank < b.rank; });
  std::vector<UpstreamTarget> ordered;
  for (const Candidate& each : candidates) ordered.push_back(*each.target);
  return ordered;
}

Suitability UpstreamServers::Accepts(const UpstreamServer& server, const ServerRole& role) const {
  const Suitability suits = Suits(role, wanted_);
  if (wanted_ != TargetSession::kPreferStandby || suits == Suitability::kYes) return suits;
  // Not a standby: good enough unless another server may be one.
  const bool better = std::any_of(targets_.begin(), targets_.end(), [&](const auto& other) {
    return other.server.get() != &server && other.server->up() &&
           Suits(other.server->role().role, wanted_) != Suitability::kNo;
  });
  return better && suits == Suitability::kNo ? Suitability::kNo : Suitability::kYes;
}

std::optional<std::string> UpstreamServers::RecentFailure(Nanos now) const {
  std::string reasons;
  for (const UpstreamTarget& target : targets_) {
    const auto failure = target.server->RecentFailure(now);
    if (!failure) return std::nullopt;
    AppendReason(reasons, *target.server, *failure);
  }
  return reasons;
}

void AppendReason(std::string& reasons, const UpstreamServer& server, const std::string& reason) {
  if (!reasons.empty()) reasons += "; ";
  reasons += server.name() + ": " + reason;
}

}  // namespace pgsidecar::wire
