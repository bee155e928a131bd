#include "wire/session_observer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "wire/tag_command.h"
#include "wire/wire_shared.h"

namespace pgsidecar::wire {
namespace {

constexpr std::size_t kGroupFingerprintsMax = 8;
constexpr std::size_t kApplicationNameMax = 64;

/// Client encodings whose second bytes can look like ASCII (PostgreSQL manual, "Character Set
/// Support"): in them a scanner of bytes would find quotes where there are none.
bool IsAsciiSafe(std::string_view encoding) {
  constexpr std::array<std::string_view, 7> kUnsafe = {"SJIS", "SHIFT_JIS_2004", "BIG5",   "GBK",
                                                       "UHC",  "JOHAB",          "GB18030"};
  const auto same = [&](std::string_view name) {
    return std::equal(
        name.begin(), name.end(), encoding.begin(), encoding.end(),
        [](char a, char b) { return a == std::toupper(static_cast<unsigned char>(b)); });
  };
  return std::none_of(kUnsafe.begin(), kUnsafe.end(), same);
}

const TraceRecord* TraceOf(const Ref<Referenced>& trace) {
  return static_cast<const TraceRecord*>(trace.get());
}

void SetTrace(const Ref<Referenced>& trace, metrics::SlowEvent& event) {
  if (!trace) return;
  event.trace_id = TraceOf(trace)->context.trace_id;
  event.span_id = TraceOf(trace)->context.span_id;
}

metrics::Command CommandOfUnseen(const pgwire::StatementEnd& end) {
  if (end.protocol == pgwire::Protocol::kFunctionCall) return metrics::Command::kCall;
  const std::string_view tag = end.tag.data();
  if (tag.empty() && !end.failed) return metrics::Command::kEmpty;
  return CommandOfTag(tag);
}

}  // namespace

SessionObserver::SessionObserver(Ledger& ledger, SessionFacts facts)
    : ledger_(ledger),
      facts_(std::move(facts)),
      writes_(ledger.shared.context.writes, ledger.index, ledger.unjudged) {
  facts_.application_name = PrintableText(facts_.application_name, kApplicationNameMax);
}

void SessionObserver::OnReady() {
  books_ = &ledger_.BooksOf(facts_.database);
  scan_context_.database = &books_->recorder();
}

void SessionObserver::OnFault(std::uint64_t abandoned) {
  ledger_.shared.instruments.Opaque(pgwire::OpaqueReason::kInternal);
  partial_.reset();
  writes_.OnBlind(database());
  if (abandoned > 0) OnAbandoned(abandoned);
}

void SessionObserver::OnLoginError(const pgwire::SqlstateText& sqlstate) {
  login_sqlstate_ = metrics::View(sqlstate);
  ledger_.shared.instruments.login_failures.Increment(metrics::View(sqlstate));
}

void SessionObserver::OnParameterStatus(std::string_view name, std::string_view value) {
  role_.Note(name, value);
  if (name == "standard_conforming_strings") {
    scan_context_.standard_conforming_strings = value != "off";
  } else if (name == "client_encoding") {
    scan_context_.ascii_safe_encoding = IsAsciiSafe(value);
  } else if (name == "application_name") {
    facts_.application_name = PrintableText(value, kApplicationNameMax);
  } else if (name == "server_version") {
    server_->SetServerVersion(value);
  }
}

std::span<const pgwire::TextStatement> SessionObserver::OnText(std::string_view piece, bool first,
                                                               bool last) {
  if (first && last) return Keep(ledger_.index.Scan(piece, scan_context_));
  if (first) partial_ = ledger_.index.Begin(scan_context_);
  if (!piece.empty()) ledger_.index.Feed(*partial_, piece);
  if (!last) return {};
  return Keep(ledger_.index.Finish(std::move(partial_)));
}

std::span<const pgwire::TextStatement> SessionObserver::Keep(const sql::ScannedText& scanned) {
  const Ref<Referenced> trace = ledger_.traces.Keep(scanned.trace);
  ledger_.text.clear();
  for (const sql::ScannedStatement& each : scanned.statements) {
    ledger_.text.push_back({.statement = each.cell,
                            .trace = trace,
                            .control = each.control,
                            .and_chain = each.and_chain});
  }
  return ledger_.text;
}

void SessionObserver::OnStatement(const pgwire::StatementEnd& end) {
  metrics::Execution execution{
      .command = end.statement ? ledger_.index.CommandOf(*end.statement) : CommandOfUnseen(end),
      .failed = end.failed,
      .sqlstate = end.sqlstate,
      .duration = end.duration,
      .first_reply = end.first_reply,
      .client_stall = end.stall,
      .rows_returned = end.rows_returned,
      .rows_affected = end.rows_affected};
  writes_.OnStatement(end, execution.command, facts_.database);
  const Ref<Referenced> cell =
      end.statement ? end.statement : ledger_.index.Unknown(books_->recorder(), execution.command);
  bool slow = false;
  if (end.trace) {
    const sql::TraceContext& trace = TraceOf(end.trace)->context;
    metrics::Exemplar exemplar{trace.trace_id, trace.span_id,
                               ledger_.index.Describe(*cell).fingerprint};
    slow = books_->recorder().Record(execution, &exemplar);
    exemplar.fingerprint = {};  // It is a label of the families by statement.
    ledger_.index.Record(*cell, execution, slow, &exemplar);
  } else {
    slow = books_->recorder().Record(execution, nullptr);
    ledger_.index.Record(*cell, execution, slow, nullptr);
  }
  if (slow) LogSlow(end, execution, *cell);
}

void SessionObserver::OnSharedSet(std::span<const pgwire::StatementEnd> set, Nanos elapsed) {
  const double threshold = ledger_.shared.context.registry.slow_threshold_seconds();
  const auto is_slow = [&](const pgwire::StatementEnd& end) {
    return ToSeconds(end.duration) > threshold;
  };
  if (ToSeconds(elapsed) <= threshold || std::any_of(set.begin(), set.end(), is_slow)) return;
  books_->recorder().AddSlowGroup();
  metrics::SlowEvent event = NewEvent(metrics::SlowEventKind::kSlowGroup);
  event.duration_s = ToSeconds(elapsed);
  event.shared = static_cast<std::uint32_t>(set.size());
  event.tx = set.front().transaction_status;
  event.extended = set.front().protocol == pgwire::Protocol::kExtended;
  for (const pgwire::StatementEnd& end : set) {
    event.rows += end.rows_returned + end.rows_affected;
    event.bytes += end.reply_bytes;
    if (!end.statement || event.group_fingerprints.size() == kGroupFingerprintsMax) continue;
    event.group_fingerprints.emplace_back(ledger_.index.Describe(*end.statement).fingerprint);
  }
  SetTrace(set.front().trace, event);
  ledger_.shared.context.slow_log.Submit(std::move(event));
}

void SessionObserver::OnAborted(std::uint64_t statements) {
  if (books_ != nullptr) books_->recorder().AddAborted(statements);
}

void SessionObserver::OnAbandoned(std::uint64_t statements) {
  if (books_ != nullptr) books_->recorder().AddAbandoned(statements);
}

void SessionObserver::OnCopy(const pgwire::CopyEnd& end) {
  writes_.OnCopy(end, facts_.database);
  books_->RecordCopy(end);
}

void SessionObserver::OnTransaction(Nanos duration, bool rolled_back) {
  writes_.OnTransactionEnd(rolled_back);
  books_->recorder().AddTransaction(duration, rolled_back);
}

void SessionObserver::OnTransactionIdle(Nanos duration) {
  books_->recorder().AddTransactionIdle(duration);
}

void SessionObserver::OnParse() { books_->CountParse(); }

void SessionObserver::OnNotice(std::string_view severity) {
  ledger_.shared.instruments.notices[NoticeLevelOf(severity)]->Increment();
}

void SessionObserver::OnNotification() { ++ledger_.counters.notifications; }

void SessionObserver::OnIdleError(const pgwire::SqlstateText& sqlstate) {
  ledger_.shared.instruments.idle_errors.Increment(metrics::View(sqlstate));
}

void SessionObserver::OnPortalOverflow() {
  ledger_.shared.instruments.portal_overflows.Increment();
}

void SessionObserver::OnReplicationStart() {
  facts_.replication = true;
  ledger_.shared.instruments.replication_sessions.Increment();
}

void SessionObserver::OnReplicationBytes(std::uint64_t bytes) {
  ledger_.counters.replication_sent += bytes;
}

void SessionObserver::OnOpaque(pgwire::OpaqueReason reason) {
  writes_.OnBlind(database());
  ledger_.shared.instruments.Opaque(reason);
}

metrics::SlowEvent SessionObserver::NewEvent(metrics::SlowEventKind kind) const {
  metrics::SlowEvent event;
  event.kind = kind;
  event.unix_time = ledger_.shared.context.clock.UnixNow();
  event.datname = books_->recorder().datname();
  event.user = PrintableText(facts_.user, 64);
  event.application_name = facts_.application_name;
  event.client = facts_.peer.ToString();
  event.upstream = server_->name();
  event.session = facts_.id;
  return event;
}

void SessionObserver::Describe(const Referenced& cell, metrics::SlowEvent& event) const {
  const sql::StatementView view = ledger_.index.Describe(cell);
  event.fingerprint = view.fingerprint;
  event.operation = view.operation;
  event.summary = view.summary;
  event.query = view.query;
  event.query_cut = view.query_cut;
  event.command = metrics::Name(ledger_.index.CommandOf(cell));
}

void SessionObserver::LogSlow(const pgwire::StatementEnd& end, const metrics::Execution& execution,
                              const Referenced& cell) {
  metrics::SlowEvent event = NewEvent(metrics::SlowEventKind::kSlow);
  Describe(cell, event);
  event.duration_s = ToSeconds(execution.duration);
  event.first_byte_s = execution.first_reply < 0 ? -1 : ToSeconds(execution.first_reply);
  event.client_stall_s = ToSeconds(execution.client_stall);
  event.shared = end.shared;
  event.rows = end.rows_returned + end.rows_affected;
  event.bytes = end.reply_bytes;
  event.sqlstate = metrics::View(end.sqlstate);
  event.tx = end.transaction_status;
  event.extended = end.protocol == pgwire::Protocol::kExtended;
  SetTrace(end.trace, event);
  ledger_.shared.context.slow_log.Submit(std::move(event));
}

metrics::SlowEvent SessionObserver::DescribeRunning(const pgwire::RunningStatement& running,
                                                    char status, Nanos now) {
  metrics::SlowEvent event = NewEvent(metrics::SlowEventKind::kRunning);
  if (running.statement) {
    Describe(*running.statement, event);
  } else {
    const auto command = running.protocol == pgwire::Protocol::kFunctionCall
                             ? metrics::Command::kCall
                             : metrics::Command::kUnknown;
    Describe(*ledger_.index.Unknown(books_->recorder(), command), event);
  }
  event.duration_s = ToSeconds(now - running.start);
  event.tx = status;
  event.extended = running.protocol == pgwire::Protocol::kExtended;
  SetTrace(running.trace, event);
  return event;
}

}  // namespace pgsidecar::wire
