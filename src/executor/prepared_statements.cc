#include "executor/pooled_connection.h"

namespace pgsidecar::executor {

PreparedStatements::~PreparedStatements() {
  for (PreparedStatement& statement : order_) books_.Forget(statement.known);
}

PreparedStatement* PreparedStatements::Find(std::string_view sql, const OperationBooks& operation) {
  if (!order_.empty() && order_.front().sql == sql && order_.front().operation == &operation) {
    return &order_.front();
  }
  const auto found = places_.find({sql, &operation});
  if (found == places_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return &order_.front();
}

PreparedStatement& PreparedStatements::Add(std::string_view sql, const OperationBooks& operation,
                                           metrics::DatabaseRecorder& database) {
  PreparedStatement& added = order_.emplace_front();
  added.sql = sql;
  added.operation = &operation;
  if (limit_ > 0) added.name = "pgsidecar_" + std::to_string(++last_name_);
  added.known = books_.Know(sql, database, operation.name);
  places_.emplace(Key{added.sql, added.operation}, order_.begin());
  return added;
}

PreparedStatement* PreparedStatements::Surplus() {
  constexpr std::size_t kKnownMax = 64;  // Statements that are not prepared are remembered, too.
  return order_.size() < (limit_ > 0 ? limit_ : kKnownMax) ? nullptr : &order_.back();
}

void PreparedStatements::Drop(PreparedStatement& statement) {
  const auto found = places_.find({statement.sql, statement.operation});
  const Order::iterator place = found->second;
  places_.erase(found);
  books_.Forget(place->known);
  order_.erase(place);
}

}  // namespace pgsidecar::executor
