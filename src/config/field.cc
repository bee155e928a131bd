#include "config/field.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/units.h"
#include "config/upstream.h"

namespace pgsidecar::config {
namespace {

/// The texts of a list, however its source spells it.
std::optional<std::vector<std::string>> Texts(const Value& value) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return *list;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (std::size_t begin = 0; !text->empty() && begin <= text->size();) {
    const std::size_t end = std::min(text->find(',', begin), text->size());
    texts.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  return texts;
}

Status CheckList(const std::vector<std::string>& texts, const ListRule& rule) {
  if (texts.size() < rule.min || texts.size() > rule.max) {
    return Refuse(std::to_string(texts.size()) + " values", "is a list of the wrong length",
                  std::to_string(rule.min) + " to " + std::to_string(rule.max) + " of " +
                      std::string(rule.allowed));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (Status checked = rule.check(texts[i]); !checked.ok()) return checked;
    if (std::find(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(i), texts[i]) !=
        texts.begin() + static_cast<std::ptrdiff_t>(i)) {
      return Refuse(texts[i], "is listed twice", rule.allowed);
    }
  }
  return {};
}

template <class T>
std::optional<T> WholeNumber(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string ShortestNumber(double number) {
  std::array<char, 32> buffer{};
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr};
}

std::string Yaml(const std::string& text) {
  YAML::Emitter out;
  out << text;
  return out.c_str();
}

}  // namespace

Field TextField(std::string_view type, const std::string& allowed,
                std::function<Status(Config&, std::string_view)> set,
                std::function<std::string(const Config&)> get) {
  const auto set_value = [set = std::move(set), allowed](Config& config,
                                                         const Value& value) -> Status {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return Error{"a list is not a single value; allowed: " + allowed};
    return set(config, *text);
  };
  return {type, allowed, set_value, std::move(get)};
}

Field Integer(Member<std::uint32_t> member, IntegerRange range) {
  const std::string allowed =
      "an integer from " + std::to_string(range.min) + " to " + std::to_string(range.max);
  const auto set = [member, range, allowed](Config& config, std::string_view text) -> Status {
    const auto number = WholeNumber<std::uint32_t>(text);
    if (!number) return Refuse(text, "is not such an integer", allowed);
    if (*number < range.min || *number > range.max) {
      return Refuse(text, "is out of range", allowed);
    }
    member(config) = *number;
    return {};
  };
  const auto get = [member](const Config& config) { return std::to_string(Read(member, config)); };
  return TextField("integer", allowed, set, get);
}

Field IntegerOr(std::string_view word, Member<std::uint32_t> member, IntegerRange range) {
  const Field integer = Integer(member, range);
  const std::string name(word);
  const std::string allowed = name + ", or " + integer.allowed;
  const auto set = [member, integer, name, allowed](Config& config,
                                                    std::string_view text) -> Status {
    if (text == name) {
      member(config) = 0;
      return {};
    }
    if (integer.set(config, Value(std::string(text))).ok()) return {};
    return Refuse(text, "is neither", allowed);
  };
  const auto get = [member, integer, name](const Config& config) {
    return Read(member, config) == 0 ? name : integer.get(config);
  };
  return TextField("integer", allowed, set, get);
}

Field Number(Member<double> member, NumberRange range) {
  const std::string allowed =
      "a number from " + ShortestNumber(range.min) + " to " + ShortestNumber(range.max);
  const auto set = [member, range, allowed](Config& config, std::string_view text) -> Status {
    const auto number = WholeNumber<double>(text);
    if (!number) return Refuse(text, "is not a number", allowed);
    if (!(*number >= range.min && *number <= range.max)) {
      return Refuse(text, "is out of range", allowed);
    }
    member(config) = *number;
    return {};
  };
  const auto get = [member](const Config& config) { return ShortestNumber(Read(member, config)); };
  return TextField("number", allowed, set, get);
}

Field Duration(Member<std::chrono::nanoseconds> member, DurationRange range) {
  const std::string allowed = FormatDuration(range.min) + " to " + FormatDuration(range.max) +
                              ", a number with ns, us, ms, s, m, h or d";
  const auto set = [member, range, allowed](Config& config, std::string_view text) -> Status {
    const auto duration = ParseDuration(text);
    if (!duration.ok()) return Refuse(text, "is not a duration", allowed);
    if (duration.value() < range.min || duration.value() > range.max) {
      return Refuse(text, "is out of range", allowed);
    }
    member(config) = duration.value();
    return {};
  };
  const auto get = [member](const Config& config) { return FormatDuration(Read(member, config)); };
  return TextField("duration", allowed, set, get);
}

Field Bytes(Member<std::uint64_t> member, BytesRange range) {
  const std::string allowed = FormatBytes(range.min) + " to " + FormatBytes(range.max) +
                              ", an integer with B, kB, MB, GB, KiB, MiB, GiB or no unit";
  const auto set = [member, range, allowed](Config& config, std::string_view text) -> Status {
    const auto bytes = ParseBytes(text);
    if (!bytes.ok()) return Refuse(text, "is not a size", allowed);
    if (bytes.value() < range.min || bytes.value() > range.max) {
      return Refuse(text, "is out of range", allowed);
    }
    member(config) = bytes.value();
    return {};
  };
  const auto get = [member](const Config& config) { return FormatBytes(Read(member, config)); };
  return TextField("bytes", allowed, set, get);
}

Field Boolean(Member<bool> member) {
  const auto set = [member](Config& config, std::string_view text) -> Status {
    if (text != "true" && text != "false") return Refuse(text, "is not a boolean", "true, false");
    member(config) = text == "true";
    return {};
  };
  const auto get = [member](const Config& config) {
    return std::string(Read(member, config) ? "true" : "false");
  };
  return TextField("boolean", "true, false", set, get);
}

Field Text(Member<std::string> member, std::string_view allowed,
           Status (*check)(std::string_view)) {
  const auto set = [member, check](Config& config, std::string_view text) -> Status {
    if (Status checked = check(text); !checked.ok()) return checked;
    member(config) = std::string(text);
    return {};
  };
  const auto get = [member](const Config& config) { return Yaml(Read(member, config)); };
  return TextField("text", std::string(allowed), set, get);
}

Field List(Member<std::vector<std::string>> member, ListRule rule) {
  const auto set = [member, rule](Config& config, const Value& value) -> Status {
    auto texts = Texts(value);
    if (!texts) return Error{"a list of maps is not a list; allowed: " + std::string(rule.allowed)};
    if (Status checked = CheckList(*texts, rule); !checked.ok()) return checked;
    member(config) = std::move(*texts);
    return {};
  };
  const auto get = [member](const Config& config) {
    YAML::Emitter out;
    out << YAML::Flow << Read(member, config);
    return std::string(out.c_str());
  };
  return {"list", std::string(rule.allowed), set, get};
}

Field UpstreamField() {
  const auto set = [](Config& config, std::string_view text) -> Status {
    const auto parsed = ParseUpstream(text);
    if (!parsed.ok()) return parsed.error();
    config.wire.upstream = parsed.value().upstream;
    config.upstream = parsed.value().shown;
    return {};
  };
  const auto get = [](const Config& config) { return Yaml(config.upstream); };
  return TextField("URI", std::string(kUpstreamAllowed), set, get);
}

Result<std::size_t> ChoiceIndex(std::string_view text, const std::vector<std::string_view>& names) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return Refuse(text, "is not one of the choices", Join(names));
  return static_cast<std::size_t>(found - names.begin());
}

std::string Join(const std::vector<std::string_view>& names) {
  std::string joined;
  for (const std::string_view name : names) {
    if (!joined.empty()) joined += ", ";
    joined += name;
  }
  return joined;
}

}  // namespace pgsidecar::config
