#include "config/map_reader.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/units.h"
#include "config/suggest.h"
#include "config/value.h"

namespace pgsidecar::config {

MapReader::MapReader(const Tree& map, std::string what) : map_(map), what_(std::move(what)) {
  if (map.kind != Tree::Kind::kMap) {
    status_ = Error{what_ + " (line " + std::to_string(map.line) + ") is not a map"};
    return;
  }
  std::set<std::string> seen;
  for (const auto& [name, value] : map.map) {
    if (!seen.insert(name).second) Refuse(value, name, {"is there twice; allowed: once"});
  }
}

void MapReader::Refuse(const Tree& value, std::string_view name, const Error& problem) {
  if (!status_.ok()) return;
  status_ = Error{what_ + " (line " + std::to_string(value.line) + "): " + PrintableText(name, 80) +
                  ": " + problem.message};
}

const Tree* MapReader::Take(std::string_view name) {
  known_.emplace(name);
  const auto found = std::find_if(map_.map.begin(), map_.map.end(),
                                  [&](const auto& member) { return member.first == name; });
  return found == map_.map.end() ? nullptr : &found->second;
}

const std::string* MapReader::Scalar(std::string_view name, const Tree** value) {
  *value = Take(name);
  if (*value == nullptr) return nullptr;
  if ((*value)->kind == Tree::Kind::kScalar) return &(*value)->text;
  Refuse(**value, name, {"is not a single value; allowed: one"});
  return nullptr;
}

void MapReader::Take(std::string_view name, std::string* to) {
  const Tree* value = nullptr;
  if (const std::string* text = Scalar(name, &value)) *to = *text;
}

void MapReader::Take(std::string_view name, bool* to) {
  const Tree* value = nullptr;
  const std::string* text = Scalar(name, &value);
  if (text == nullptr) return;
  if (*text != "true" && *text != "false") {
    Refuse(*value, name, config::Refuse(*text, "is not a boolean", "true, false"));
    return;
  }
  *to = *text == "true";
}

void MapReader::Take(std::string_view name, DurationRange range, std::chrono::nanoseconds* to) {
  const Tree* value = nullptr;
  const std::string* text = Scalar(name, &value);
  if (text == nullptr) return;
  const std::string allowed = FormatDuration(range.min) + " to " + FormatDuration(range.max) +
                              ", a number with ns, us, ms, s, m, h or d";
  const auto duration = ParseDuration(*text);
  if (!duration.ok()) {
    Refuse(*value, name, config::Refuse(*text, "is not a duration", allowed));
  } else if (duration.value() < range.min || duration.value() > range.max) {
    Refuse(*value, name, config::Refuse(*text, "is out of range", allowed));
  } else {
    *to = duration.value();
  }
}

void MapReader::Take(std::string_view name, IntegerRange range, std::uint32_t* to) {
  const Tree* value = nullptr;
  const std::string* text = Scalar(name, &value);
  if (text == nullptr) return;
  std::uint32_t number = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < range.min || number > range.max) {
    Refuse(*value, name,
           config::Refuse(*text, "is not such an integer",
                          std::to_string(range.min) + " to " + std::to_string(range.max)));
    return;
  }
  *to = number;
}

void MapReader::Take(std::string_view name, std::vector<std::string>* to) {
  const Tree* value = Take(name);
  if (value == nullptr) return;
  if (value->kind == Tree::Kind::kScalar) {
    *to = {value->text};
    return;
  }
  std::vector<std::string> texts;
  for (const Tree& each : value->list) {
    if (each.kind != Tree::Kind::kScalar) {
      Refuse(each, name, {"holds something that is not a single value; allowed: a list of texts"});
      return;
    }
    texts.push_back(each.text);
  }
  if (value->kind != Tree::Kind::kList) {
    Refuse(*value, name, {"is not a list; allowed: a list of texts"});
    return;
  }
  *to = std::move(texts);
}

Status MapReader::Finish() {
  for (const auto& [name, value] : map_.map) {
    if (known_.contains(name)) continue;
    const std::vector<std::string> names(known_.begin(), known_.end());
    std::string allowed;
    for (const std::string& each : names) allowed += (allowed.empty() ? "" : ", ") + each;
    Refuse(value, name,
           {"unknown" + Suggest(PrintableText(name, 80), names) + "; allowed: " + allowed});
  }
  return status_;
}

}  // namespace pgsidecar::config
