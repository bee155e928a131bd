#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <pqxx/pqxx>
#include <string>
#include <vector>

namespace demo {

/// A fixed number of PostgreSQL connections, opened when first needed. Thread-safe.
class Pool {
 public:
  Pool(std::string database, std::size_t connections_max)
      : database_(std::move(database)), free_places_(connections_max) {}

  /// Runs `work` on a connection; waits for a free one. A connection that broke is not used again.
  template <typename Work>
  auto With(Work work) {
    Lease lease(*this);
    return work(*lease.connection);
  }

 private:
  struct Lease {
    explicit Lease(Pool& owner) : pool(owner), connection(pool.Take()) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool.Return(std::move(connection)); }

    Pool& pool;
    std::unique_ptr<pqxx::connection> connection;
  };

  std::unique_ptr<pqxx::connection> Take();
  void Return(std::unique_ptr<pqxx::connection> connection);

  const std::string database_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::size_t free_places_;                                     // guarded by mutex_
  std::vector<std::unique_ptr<pqxx::connection>> connections_;  // guarded by mutex_; idle ones
};

}  // namespace demo
