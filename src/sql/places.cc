#include "sql/places.h"

#include <algorithm>

#include "base/text.h"

namespace pgsidecar::sql {
namespace {

constexpr std::chrono::nanoseconds kGraceMin = std::chrono::minutes(5);
// Texts are kept for the API and the slow log. Beyond the budget only what labels show is kept.
constexpr std::size_t kQueryBytesMax = 4096;
constexpr std::size_t kQueryBytesMin = 200;
constexpr std::size_t kTextBudgetBytes = std::size_t{8} * 1024 * 1024;

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (const std::string_view part : parts) key.append(part).push_back('\0');
  return key;
}

}  // namespace

Places::Places(const StatementOptions& options, metrics::Registry& registry, const Clock& clock)
    : limit_(options.limit),
      grace_(ToNanos(std::max(options.grace, kGraceMin))),
      policy_(options.text),
      clock_(clock),
      instruments_(registry),
      families_(registry),
      slow_list_(families_),
      window_start_(clock.Now()) {
  other_statement_.fingerprint = "other";
  instruments_.limit.Set(limit_);
}

Place& Places::Other(const std::string& datname) {
  const std::scoped_lock lock(mutex_);
  std::unique_ptr<Place>& other = others_[datname];
  if (other == nullptr) {
    other = std::make_unique<Place>();
    other->datname = datname;
    other->operation = "other";
    other->statement = &other_statement_;
    other->own = other->other = &families_.Add(other->labels());
    other->series = other->own;
    families_.AddInfo(other->labels(), {}, {});
  }
  return *other;
}

Place& Places::Resolve(const Request& request, const Identity& identity) {
  Place& other = Other(*request.datname);
  const std::scoped_lock lock(mutex_);
  Statement& statement = StatementOf(identity, request.command);
  bool pinned = false;
  std::string operation = OperationOf(request, statement, &pinned);
  std::unique_ptr<Place>& place =
      places_[Join({*request.datname, operation, statement.fingerprint})];
  if (place == nullptr) {
    place = std::make_unique<Place>();
    place->datname = *request.datname;
    place->operation = std::move(operation);
    place->statement = &statement;
    place->pinned = pinned;
    place->other = other.own;
    place->series = other.own;
    ++statement.places;
  }
  place->cells.fetch_add(1, std::memory_order_relaxed);
  // What libpg_query refuses may be a syntax error: it waits for an execution that proves it.
  if (identity.kind == IdentityKind::kFingerprint || identity.kind == IdentityKind::kUtility) {
    place->proven.store(true, std::memory_order_relaxed);
  }
  const bool proven = place->proven.load(std::memory_order_relaxed);
  if (proven && !place->admitted() && (place->pinned || HasFreePlace())) {
    Admit(*place, clock_.Now());
  }
  return *place;
}

Statement& Places::StatementOf(const Identity& identity, metrics::Command command) {
  const std::string_view command_name = Name(command);
  const bool unknown = identity.fingerprint == "unknown";
  std::unique_ptr<Statement>& statement =
      statements_[unknown ? Join({identity.fingerprint, command_name}) : identity.fingerprint];
  if (statement != nullptr) return *statement;
  statement = std::make_unique<Statement>();
  statement->fingerprint = identity.fingerprint;
  statement->command = command_name;
  statement->summary = policy_ == TextPolicy::kOff ? command_name : identity.summary;
  if (policy_ == TextPolicy::kNormalised) {
    const bool scarce = text_bytes_ >= kTextBudgetBytes;
    statement->query = PrintableText(identity.query, scarce ? kQueryBytesMin : kQueryBytesMax);
    statement->query_cut =
        statement->query.size() < identity.query.size() || identity.kind == IdentityKind::kTooLong;
    text_bytes_ += statement->query.size();
  }
  return *statement;
}

std::string Places::OperationOf(const Request& request, const Statement& statement,
                                bool* pinned) const {
  if (const std::string* name = names_.ForFingerprint(statement.fingerprint)) {
    *pinned = true;
    return *name;
  }
  return request.name.empty() ? CleanName(statement.summary) : request.name;
}

}  // namespace pgsidecar::sql
