#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::sql {

/// A relation, function or operator as a statement spells it.
struct UsedName {
  std::string schema{};  ///< Empty: found by the search_path.
  std::string name{};
  bool maybe_cte = false;  ///< A WITH query has that name, too: it may be no relation.

  friend bool operator==(const UsedName&, const UsedName&) = default;
  friend auto operator<=>(const UsedName&, const UsedName&) = default;
};

/// What the parse tree of a text says about caching its answer, and about the cached answers that
/// it makes old. Several statements in one text share one set of traits.
struct StatementTraits {
  std::vector<UsedName> reads{};      ///< Relations in FROM, without repetitions, sorted.
  std::vector<UsedName> writes{};     ///< Relations that are changed.
  std::vector<UsedName> updates{};    ///< Those of `writes` that do not only get new rows.
  std::vector<UsedName> functions{};  ///< By name; SQL syntax like EXTRACT under its function.
  std::vector<UsedName> operators{};  ///< Without those of BETWEEN, IN and the like: `=`, `>=`.

  std::size_t statements = 0;
  bool single_select = false;       ///< One SELECT, VALUES or TABLE and nothing else.
  bool into = false;                ///< SELECT INTO.
  bool locking = false;             ///< FOR UPDATE, FOR SHARE.
  bool data_modifying_cte = false;  ///< WITH … AS (INSERT …).
  bool tablesample = false;
  bool current_value = false;  ///< CURRENT_DATE, CURRENT_USER and their like.
  bool special_time = false;   ///< A literal that spells now, today, yesterday or tomorrow.
  bool reg_cast = false;       ///< A cast to regclass and its like: it reads a catalogue.

  /// It may have written anything: CALL, DO, EXECUTE, COMMIT PREPARED.
  bool writes_unknown = false;
  /// It changes definitions, privileges or defaults: DDL, GRANT, ALTER ROLE.
  bool changes_definitions = false;
  /// It changes its session: SET, LISTEN, PREPARE, temporary tables, transaction control.
  bool changes_session = false;
};

/// Reads a text with libpg_query. Nothing if its grammar refuses the text.
/// Requires: 8 MiB of stack (RunOnLargeStack); at most 16 KiB of text, which that stack is safe to.
std::optional<StatementTraits> ReadTraits(const std::string& text);

/// The longest text that ReadTraits may be given.
constexpr std::size_t kTraitsTextMax = 16 * 1024;

/// ReadTraits on a large stack of its own; nothing also for a text that is too long, or when there
/// is no memory for a thread.
std::optional<StatementTraits> ReadTraitsElsewhere(const std::string& text);

/// Whether PostgreSQL might read the moment of the call from a text: it holds one of the words now,
/// today, yesterday, tomorrow and is not longer than what is read as a date.
bool SpellsMoment(std::string_view text);

/// Whether PostgreSQL's types hold this one: regclass, regproc, …
bool IsRegType(std::string_view type);

/// An identifier as quote_ident() prints it; keywords are quoted, too.
std::string QuoteIdentifier(std::string_view name);

}  // namespace pgsidecar::sql
