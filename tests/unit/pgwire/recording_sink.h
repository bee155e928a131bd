#pragma once

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "pgwire/conversation.h"

namespace pgsidecar::pgwire::testing {

/// A statement that remembers its text.
struct NamedStatement : Referenced {
  std::string text;
};

/// Writes every event as one line. Splits texts at ';' and calls BEGIN, COMMIT, ROLLBACK and SET
/// control.
class RecordingSink final : public Sink {
  std::map<std::string, std::unique_ptr<NamedStatement>> known_;  // outlives every reference below

 public:
  std::span<const TextStatement> OnText(std::string_view piece, bool first, bool last) override {
    if (first) text_.clear();
    text_ += piece;
    if (!last) return {};
    statements_.clear();
    std::istringstream parts(text_);
    for (std::string part; std::getline(parts, part, ';');) {
      part.erase(0, part.find_first_not_of(' '));
      if (!part.empty()) statements_.push_back(Named(part));
    }
    return statements_;
  }
  void OnTextAborted() override { Log("text aborted"); }
  void OnStatement(const StatementEnd& end) override {
    ends.push_back(end);
    std::string line = (end.failed ? "error " : "ok ") + Text(end.statement);
    if (end.failed) line += std::string(" ") + end.sqlstate.data();
    if (end.rows_returned + end.rows_affected > 0) {
      line +=
          " rows=" + std::to_string(end.rows_returned) + "/" + std::to_string(end.rows_affected);
    }
    Log(line);
  }
  void OnSharedSet(std::span<const StatementEnd> set, Nanos elapsed) override {
    shared.emplace_back(set.size(), elapsed);
  }
  void OnAborted(std::uint64_t statements) override { aborted += statements; }
  void OnAbandoned(std::uint64_t statements) override { abandoned += statements; }
  void OnCopy(const CopyEnd& end) override {
    Log(std::string(end.failed ? "copy error" : "copy ok") +
        (end.direction == CopyDirection::kIn ? " in" : " out") +
        " bytes=" + std::to_string(end.bytes) + " rows=" + std::to_string(end.rows));
  }
  void OnTransaction(Nanos duration, bool rolled_back) override {
    transactions.push_back(duration);
    Log(rolled_back ? "rolled back" : "committed");
  }
  void OnTransactionIdle(Nanos duration) override { idle += duration; }
  void OnReadyForQuery(char status) override { ready += status; }
  void OnParse() override { ++parses; }
  void OnParameterStatus(std::string_view name, std::string_view value) override {
    Log("parameter " + std::string(name) + "=" + std::string(value));
  }
  void OnNotice(std::string_view severity) override { Log("notice " + std::string(severity)); }
  void OnNotification() override { Log("notification"); }
  void OnIdleError(const SqlstateText& sqlstate) override {
    Log(std::string("idle error ") + sqlstate.data());
  }
  void OnPortalOverflow() override { Log("portal overflow"); }
  void OnReplicationStart() override { Log("replication"); }
  void OnReplicationBytes(std::uint64_t bytes) override { replication_bytes += bytes; }
  void OnOpaque(OpaqueReason reason) override {
    Log("opaque " + std::string(kOpaqueReasonNames[static_cast<std::size_t>(reason)]));
  }

  static std::string Text(const Ref<Referenced>& statement) {
    return statement ? static_cast<const NamedStatement&>(*statement).text : "?";
  }
  /// References that are still held anywhere.
  std::uint32_t references() {
    statements_.clear();
    ends.clear();
    std::uint32_t sum = 0;
    for (const auto& [text, statement] : known_) sum += statement->references;
    return sum;
  }

  std::vector<std::string> log;
  std::vector<StatementEnd> ends;
  std::vector<std::pair<std::size_t, Nanos>> shared;
  std::vector<Nanos> transactions;
  std::uint64_t aborted = 0, abandoned = 0, parses = 0, replication_bytes = 0;
  Nanos idle = 0;
  std::string ready;  ///< The status bytes so far.

 private:
  void Log(std::string line) { log.push_back(std::move(line)); }
  TextStatement Named(const std::string& text) {
    auto& statement = known_[text];
    if (statement == nullptr) {
      statement = std::make_unique<NamedStatement>();
      statement->text = text;
    }
    TextStatement out;
    out.statement = Ref<Referenced>(statement.get());
    out.control = text.starts_with("BEGIN") || text.starts_with("COMMIT") ||
                  text.starts_with("ROLLBACK") || text.starts_with("SET");
    out.and_chain = text.ends_with("AND CHAIN");
    return out;
  }

  std::string text_;
  std::vector<TextStatement> statements_;
};

}  // namespace pgsidecar::pgwire::testing
