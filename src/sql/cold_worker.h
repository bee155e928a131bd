#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "sql/large_stack.h"
#include "sql/places.h"
#include "sql/statement_traits.h"

namespace pgsidecar::sql {

/// What the worker found out about one cell.
struct Answer {
  Cell* cell = nullptr;
  std::uint64_t ticket = 0;  ///< Of the question; a cell may have been reused since.
  Place* place = nullptr;    ///< Carries one reference in Place::cells.
  /// By shape, not by fingerprint: libpg_query's is the same for tables t10 and t11.
  std::unique_ptr<const StatementTraits> traits{};
};

/// The answers for one loop. Thread-safe.
class Mailbox {
 public:
  /// Returns false if nobody reads it any more; the answer then stays with the caller.
  bool Post(Answer answer);
  /// Takes all answers. A pointer swap.
  void Take(std::vector<Answer>* answers);
  /// No answer is accepted from now on.
  void Close();

 private:
  std::atomic<bool> full_{false};  ///< There are answers: saves an idle loop the lock.
  std::mutex mutex_;
  // Guarded by mutex_.
  bool closed_ = false;
  std::vector<Answer> answers_;
};

/// One statement that nobody has seen before.
struct Job {
  StatementShape shape;
  bool unknown = false;  ///< No text: the identity `unknown` of shape.command.
  /// Shared with the cell, which falls back to the shape's identity when the answer is late.
  std::shared_ptr<const Canonical> canonical;
  std::string name;  ///< From a comment.
  const std::string* datname = nullptr;
  std::shared_ptr<Mailbox> mailbox;  ///< Shared with the loop, which may be gone first.
  Cell* cell = nullptr;
  std::uint64_t ticket = 0;
};

/// The thread that calls libpg_query and maintains the places. Thread-safe.
class ColdWorker {
 public:
  static constexpr std::size_t kJobsMax = 1024;

  /// With `read_traits` answers say what data statements read and write.
  ColdWorker(Places& places, bool read_traits) : places_(places), read_traits_(read_traits) {}
  /// Stops the thread; jobs that wait are dropped.
  ~ColdWorker();

  Status Start();
  /// Returns false if the queue is full. Holds the lock only to move the job.
  bool Submit(Job job);
  /// Blocks until all jobs are answered.
  void Drain();

 private:
  void Run();
  void Handle(const Job& job);

  std::unique_ptr<const StatementTraits> TraitsOf(const Job& job) const;

  Places& places_;
  const bool read_traits_;
  LargeStackThread thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  // Guarded by mutex_.
  std::deque<Job> jobs_;
  bool busy_ = false;
  bool stopping_ = false;
};

}  // namespace pgsidecar::sql
