#include "pgwire/group_books.h"

#include <algorithm>
#include <utility>

namespace pgsidecar::pgwire {

void GroupBooks::Add(StatementEnd end, bool control) {
  set_.push_back(std::move(end));
  control_.push_back(control);
}

bool GroupBooks::FailLast(const SqlstateText& sqlstate) {
  StatementEnd* last = nullptr;
  if (!set_.empty()) {
    last = &set_.back();
  } else if (provisional_.has_value()) {
    last = &*provisional_;
  }
  if (last == nullptr || last->failed) return false;
  last->failed = true;
  last->sqlstate = sqlstate;
  last->tag = {};
  return true;
}

void GroupBooks::EndRead() {
  if (set_.empty()) return;
  ReportProvisional();
  if (set_.size() > 1) ShareOut();
  StatementEnd& last = set_.back();
  if (last.protocol != Protocol::kSimple && !last.failed) {
    provisional_ = std::move(last);
    set_.pop_back();
  }
  for (const StatementEnd& end : set_) sink_.OnStatement(end);
  set_.clear();
  control_.clear();
}

void GroupBooks::EndGroup() {
  ReportProvisional();
  if (set_.empty()) return;
  if (set_.size() > 1) ShareOut();
  for (const StatementEnd& end : set_) sink_.OnStatement(end);
  set_.clear();
  control_.clear();
}

void GroupBooks::Forget() {
  provisional_.reset();
  set_.clear();
  control_.clear();
}

void GroupBooks::ReportProvisional() {
  if (!provisional_.has_value()) return;
  sink_.OnStatement(*provisional_);
  provisional_.reset();
}

void GroupBooks::ShareOut() {
  Nanos elapsed = 0;
  for (const StatementEnd& end : set_) elapsed += end.duration;
  const auto controls = std::count(control_.begin(), control_.end(), true);
  const auto all = static_cast<std::ptrdiff_t>(set_.size());
  const bool control_only = controls == all;
  const Nanos sharers = control_only ? all : all - controls;
  Nanos remainder = elapsed % sharers;  // goes to the first, so that the sum stays exact
  for (std::size_t i = 0; i < set_.size(); ++i) {
    StatementEnd& end = set_[i];
    end.duration = 0;
    if (control_only || !control_[i])
      end.duration = elapsed / sharers + std::exchange(remainder, 0);
    end.first_reply = std::min(end.first_reply, end.duration);
    end.shared = static_cast<std::uint32_t>(set_.size());
  }
  sink_.OnSharedSet(set_, elapsed);
}

}  // namespace pgsidecar::pgwire
