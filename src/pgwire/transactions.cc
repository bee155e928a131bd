#include "pgwire/transactions.h"

namespace pgsidecar::pgwire {

void Transactions::OnTag(std::string_view tag, bool and_chain) {
  if (tag.empty() || (tag[0] != 'C' && tag[0] != 'R' && tag[0] != 'B')) return;
  if (tag == "COMMIT") {
    last_was_rollback_ = false;
    boundary_ = start_ != 0;
    boundary_rolled_back_ = false;
  } else if (tag == "ROLLBACK") {
    // Also the tag of ROLLBACK TO SAVEPOINT, which ends nothing, and of COMMIT in a failed block.
    last_was_rollback_ = true;
    if (and_chain && start_ != 0) boundary_ = boundary_rolled_back_ = true;
  } else if (tag == "BEGIN") {
    if (last_was_rollback_ && start_ != 0) boundary_ = boundary_rolled_back_ = true;
    last_was_rollback_ = false;
  }
}

void Transactions::OnReady(char status, Nanos group_start, Nanos now) {
  if (start_ != 0) {
    if (status == 'I') {
      Close(now, status_ == 'E' || last_was_rollback_ || failed_);
    } else if (boundary_) {
      Close(now, boundary_rolled_back_ || status_ == 'E');
      start_ = now;
    }
  } else if (status != 'I') {
    start_ = group_start;
  }
  status_ = status;
  last_was_rollback_ = boundary_ = boundary_rolled_back_ = failed_ = false;
}

void Transactions::OnIdle(Nanos now) {
  if (start_ != 0) idle_since_ = now;
}

void Transactions::OnBusy(Nanos now) {
  if (idle_since_ == 0) return;
  sink_.OnTransactionIdle(now - idle_since_);
  idle_since_ = 0;
}

void Transactions::OnEnd(Nanos now) {
  OnBusy(now);
  if (start_ != 0) Close(now, true);
}

void Transactions::Forget() { start_ = idle_since_ = 0; }

void Transactions::Close(Nanos now, bool rolled_back) {
  sink_.OnTransaction(now - start_, rolled_back);
  start_ = 0;
}

}  // namespace pgsidecar::pgwire
