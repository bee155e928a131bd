#include "pool.h"

namespace demo {

std::unique_ptr<pqxx::connection> Pool::Take() {
  std::unique_ptr<pqxx::connection> connection;
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return free_places_ > 0; });
    --free_places_;
    if (!connections_.empty()) {
      connection = std::move(connections_.back());
      connections_.pop_back();
    }
  }
  if (connection != nullptr) {
    return connection;
  }
  try {
    return std::make_unique<pqxx::connection>(database_);
  } catch (...) {
    Return(nullptr);
    throw;
  }
}

void Pool::Return(std::unique_ptr<pqxx::connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    ++free_places_;
    if (connection != nullptr && connection->is_open()) {
      connections_.push_back(std::move(connection));
    }
  }
  returned_.notify_one();
}

}  // namespace demo
