#include "sql/cold_worker.h"

#include <chrono>

#include "base/text.h"
#include "sql/canonical_text.h"

namespace pgsidecar::sql {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kMaintenancePeriod = std::chrono::seconds(1);

/// Or after so many jobs: what nothing refers to any more is freed by maintenance only, and a flood
/// of new statements leaves tens of thousands of it in a second.
constexpr std::size_t kMaintenanceJobs = 4096;

}  // namespace

bool Mailbox::Post(Answer answer) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return false;
  answers_.push_back(std::move(answer));
  full_.store(true, std::memory_order_release);
  return true;
}

void Mailbox::Take(std::vector<Answer>* answers) {
  answers->clear();
  if (!full_.load(std::memory_order_acquire)) return;
  const std::scoped_lock lock(mutex_);
  answers->swap(answers_);
  full_.store(false, std::memory_order_relaxed);
}

void Mailbox::Close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
}

ColdWorker::~ColdWorker() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.Join();
}

Status ColdWorker::Start() {
  return thread_.Start([this] { Run(); });
}

bool ColdWorker::Submit(Job job) {
  {
    const std::scoped_lock lock(mutex_);
    if (jobs_.size() >= kJobsMax) return false;
    jobs_.push_back(std::move(job));
    places_.instruments().queue_jobs.Set(static_cast<double>(jobs_.size()));
  }
  wake_.notify_one();
  return true;
}

void ColdWorker::Drain() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return jobs_.empty() && !busy_; });
}

void ColdWorker::Run() {
  auto maintenance = SteadyClock::now() + kMaintenancePeriod;
  std::size_t handled = 0;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (jobs_.empty()) {
      idle_.notify_all();
      wake_.wait_until(lock, maintenance, [this] { return stopping_ || !jobs_.empty(); });
    }
    if (!jobs_.empty() && !stopping_) {
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      places_.instruments().queue_jobs.Set(static_cast<double>(jobs_.size()));
      busy_ = true;
      lock.unlock();
      Handle(job);
      lock.lock();
      busy_ = false;
      ++handled;
    }
    if (handled < kMaintenanceJobs && SteadyClock::now() < maintenance) continue;
    lock.unlock();
    places_.Maintain();
    maintenance = SteadyClock::now() + kMaintenancePeriod;
    handled = 0;
    lock.lock();
  }
}

void ColdWorker::Handle(const Job& job) {
  const Identity identity =
      job.unknown ? UnknownIdentity(job.shape.command) : Identify(job.shape, *job.canonical);
  if (!job.unknown) {
    places_.instruments().parses[static_cast<std::size_t>(identity.kind)]->Increment();
  }
  Place& place = places_.Resolve(
      {.datname = job.datname, .name = job.name, .command = job.shape.command}, identity);
  if (!job.mailbox->Post(
          {.cell = job.cell, .ticket = job.ticket, .place = &place, .traits = TraitsOf(job)})) {
    place.cells.fetch_sub(1, std::memory_order_release);
  }
}

std::unique_ptr<const StatementTraits> ColdWorker::TraitsOf(const Job& job) const {
  if (!read_traits_ || !job.shape.data || job.canonical->too_long) return nullptr;
  std::optional<StatementTraits> traits =
      ReadTraits(PrintableText(job.canonical->text, CanonicalText::kCapacity));
  return traits ? std::make_unique<const StatementTraits>(*std::move(traits)) : nullptr;
}

}  // namespace pgsidecar::sql
