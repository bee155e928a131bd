#include "sql/summary.h"

#include <pg_query.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "sql/char_class.h"

namespace pgsidecar::sql {
namespace {

constexpr std::size_t kSummaryMax = 255;

struct Target {
  std::size_t offset = 0;
  std::string name;
};

/// Collects the relations of libpg_query's parse tree, which comes as JSON: objects with a
/// `relname`, and the names of CTEs. No recursion.
class RelationCollector final : public nlohmann::json_sax<nlohmann::json> {
 public:
  /// Relations by offset, without references to CTEs and without the list of FOR UPDATE OF.
  std::vector<Target> Take() {
    std::vector<Target> targets;
    for (Frame& frame : found_) {
      if (frame.schema.empty() && ctes_.contains(frame.relation)) continue;
      if (!frame.schema.empty()) frame.relation.insert(0, frame.schema + ".");
      targets.push_back({frame.offset, std::move(frame.relation)});
    }
    std::sort(targets.begin(), targets.end(),
              [](const Target& a, const Target& b) { return a.offset < b.offset; });
    return targets;
  }

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t value) override {
    if (key_ == "location" && value > 0) frames_.back().offset = static_cast<std::size_t>(value);
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (key_ == "location") frames_.back().offset = static_cast<std::size_t>(value);
    return true;
  }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool string(string_t& value) override {
    if (key_ == "relname") frames_.back().relation = value;
    if (key_ == "schemaname") frames_.back().schema = value;
    if (key_ == "ctename") ctes_.insert(value);
    return true;
  }
  bool start_object(std::size_t /*size*/) override {
    frames_.push_back(
        {.locked = key_ == "lockedRels" || (!frames_.empty() && frames_.back().locked)});
    key_.clear();
    return true;
  }
  bool key(string_t& name) override {
    key_ = name;
    return true;
  }
  bool end_object() override {
    Frame& frame = frames_.back();
    if (!frame.relation.empty() && !frame.locked) found_.push_back(std::move(frame));
    frames_.pop_back();
    return true;
  }
  bool start_array(std::size_t /*size*/) override { return true; }
  bool end_array() override {
    key_.clear();
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  struct Frame {
    bool locked = false;
    std::size_t offset = 0;
    std::string relation{}, schema{};
  };
  std::string key_;
  std::vector<Frame> frames_;
  std::vector<Frame> found_;
  std::set<std::string> ctes_;
};

/// Walks over the unquoted words of a canonical text.
class WordWalk {
 public:
  explicit WordWalk(std::string_view text) : text_(text) {}

  bool Next() {
    bool quoted = false;
    for (offset_ += word_.size(); offset_ < text_.size(); ++offset_) {
      if (text_[offset_] == '"') quoted = !quoted;
      if (quoted || kCharClass[Byte(offset_)] != CharClass::kWord) continue;
      std::size_t end = offset_;
      while (end < text_.size() && kWordFold[Byte(end)] != 0) ++end;
      word_ = text_.substr(offset_, end - offset_);
      return true;
    }
    word_ = {};
    return false;
  }
  std::string_view word() const { return word_; }
  std::size_t offset() const { return offset_; }
  /// What stands behind the word and the space after it.
  std::size_t behind() const { return std::min(offset_ + word_.size() + 1, text_.size()); }

 private:
  std::uint8_t Byte(std::size_t i) const { return static_cast<std::uint8_t>(text_[i]); }

  std::string_view text_;
  std::string_view word_;
  std::size_t offset_ = 0;
};

/// The dotted name at the beginning of `text`, without quotes.
std::string TakeName(std::string_view text) {
  std::string name;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted || c == '.' || kWordFold[static_cast<std::uint8_t>(c)] != 0) {
      name.push_back(c);
    } else {
      break;
    }
  }
  return name;
}

/// Names a target follows, so that `FOR UPDATE` or `THEN DELETE` is no operation.
bool IsOperation(const WordWalk& walk, std::string_view text, const std::vector<Target>& targets) {
  const std::string_view rest = text.substr(walk.behind());
  if (walk.word() == "SELECT") return true;
  if (walk.word() == "INSERT" || walk.word() == "MERGE") return rest.starts_with("INTO ");
  if (walk.word() == "DELETE") return rest.starts_with("FROM ");
  if (walk.word() == "TABLE" || walk.word() == "UPDATE") {
    const std::size_t at = walk.behind() + (rest.starts_with("ONLY ") ? 5 : 0);
    return std::any_of(targets.begin(), targets.end(),
                       [at](const Target& target) { return target.offset == at; });
  }
  return false;
}

void AppendName(std::string* summary, std::string_view name) {
  const std::size_t space = summary->empty() ? 0 : 1;
  if (summary->size() + space + name.size() > kSummaryMax) return;
  if (space > 0) summary->push_back(' ');
  summary->append(name);
}

std::vector<Target> Relations(const std::string& canonical) {
  RelationCollector collector;
  PgQueryParseResult result = pg_query_parse(canonical.c_str());
  if (result.error == nullptr) {
    nlohmann::json::sax_parse(std::string_view(result.parse_tree), &collector);
  }
  pg_query_free_parse_result(result);
  return collector.Take();
}

}  // namespace

std::string SummaryOfTree(std::string_view verb, const std::string& canonical) {
  const std::vector<Target> targets = Relations(canonical);
  std::string summary;
  auto target = targets.begin();
  const auto append_until = [&](std::size_t offset) {
    for (; target != targets.end() && target->offset < offset; ++target) {
      AppendName(&summary, target->name);
    }
  };
  for (WordWalk walk(canonical); walk.Next();) {
    append_until(walk.offset());
    if (IsOperation(walk, canonical, targets)) AppendName(&summary, walk.word());
    if (walk.word() == "CALL" && walk.offset() == 0) {
      AppendName(&summary, walk.word());
      AppendName(&summary, TakeName(std::string_view(canonical).substr(walk.behind())));
    }
  }
  append_until(canonical.size());
  return summary.empty() ? std::string(verb) : summary;
}

std::string SummaryOfTokens(std::string_view verb, std::string_view canonical) {
  const std::string_view before = verb == "SELECT" || verb == "DELETE"  ? "FROM"
                                  : verb == "INSERT" || verb == "MERGE" ? "INTO"
                                                                        : verb;
  std::string summary(verb);
  for (WordWalk walk(canonical); walk.Next();) {
    if (walk.word() != before) continue;
    std::string_view rest = canonical.substr(walk.behind());
    if (rest.starts_with("ONLY ")) rest.remove_prefix(5);
    const std::string name = TakeName(rest);
    if (!name.empty()) AppendName(&summary, name);
    break;
  }
  return summary;
}

}  // namespace pgsidecar::sql
