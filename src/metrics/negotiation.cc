#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "metrics/exposition.h"

namespace pgsidecar::metrics {
namespace {

/// Quality values are kept as thousandths: RFC 9110 section 12.4.2 allows three decimals.
constexpr int kFullQuality = 1000;

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// Splits at `separator` outside of quoted strings.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      parts.push_back(Trim(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  parts.push_back(Trim(text.substr(begin)));
  return parts;
}

std::optional<int> ParseQuality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int quality = text[0] == '1' ? kFullQuality : 0;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int worth = 100;
  for (std::size_t i = 2; i < text.size(); ++i, worth /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    quality += (text[i] - '0') * worth;
  }
  return quality <= kFullQuality ? std::optional(quality) : std::nullopt;
}

/// One element of an Accept or Accept-Encoding header.
struct Preference {
  std::string range;  ///< Lower case: `text/plain`, `gzip`, `*`.
  std::string version, charset;
  int quality = kFullQuality;
};

/// Nothing if the element is malformed.
std::optional<Preference> ParsePreference(std::string_view element) {
  Preference preference;
  const std::vector<std::string_view> parts = Split(element, ';');
  preference.range = Lower(parts[0]);
  if (preference.range.empty()) return std::nullopt;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = std::min(parts[i].find('='), parts[i].size());
    const std::string name = Lower(Trim(parts[i].substr(0, equals)));
    std::string value = Lower(Trim(parts[i].substr(std::min(equals + 1, parts[i].size()))));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (name == "version") preference.version = value;
    if (name == "charset") preference.charset = value;
    if (name == "q") {
      const std::optional<int> quality = ParseQuality(value);
      if (!quality) return std::nullopt;
      preference.quality = *quality;
    }
  }
  return preference;
}

std::vector<Preference> ParsePreferences(std::string_view header) {
  std::vector<Preference> preferences;
  for (const std::string_view element : Split(header, ',')) {
    if (std::optional<Preference> preference = ParsePreference(element)) {
      preferences.push_back(*std::move(preference));
    }
  }
  return preferences;
}

struct MediaType {
  std::string_view type, name, version;
};

constexpr MediaType kText{"text/*", "text/plain", "0.0.4"};
constexpr MediaType kOpenMetrics{"application/*", "application/openmetrics-text", "1.0.0"};

/// How precisely `preference` names `media`; 0 if it does not match. Parameters other than version
/// and charset (`escaping` of Prometheus 3) do not decide.
int Precision(const Preference& preference, const MediaType& media) {
  if (!preference.version.empty() && preference.version != media.version) return 0;
  if (!preference.charset.empty() && preference.charset != "utf-8") return 0;
  if (preference.range == media.name) return preference.version.empty() ? 3 : 4;
  if (preference.range == media.type) return 2;
  return preference.range == "*/*" ? 1 : 0;
}

struct Verdict {
  int precision = 0;
  int quality = 0;
};

/// The quality of the most precise range that matches; the better one of two alike.
Verdict Judge(const std::vector<Preference>& preferences, const MediaType& media) {
  Verdict best;
  for (const Preference& preference : preferences) {
    const int precision = Precision(preference, media);
    if (precision == 0 || precision < best.precision) continue;
    const bool repeated = precision == best.precision;
    best = {precision, repeated ? std::max(best.quality, preference.quality) : preference.quality};
  }
  return best;
}

}  // namespace

Format NegotiateFormat(std::string_view accept) {
  const std::vector<Preference> preferences = ParsePreferences(accept);
  const Verdict text = Judge(preferences, kText);
  const Verdict open_metrics = Judge(preferences, kOpenMetrics);
  if (open_metrics.quality > text.quality) return Format::kOpenMetrics;
  const bool named = open_metrics.precision >= 3;
  const bool tie = open_metrics.quality == text.quality && open_metrics.quality > 0;
  return tie && named ? Format::kOpenMetrics : Format::kText;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  Verdict best;
  for (const Preference& preference : ParsePreferences(accept_encoding)) {
    const bool named = preference.range == "gzip" || preference.range == "x-gzip";
    const int precision = named ? 2 : (preference.range == "*" ? 1 : 0);
    if (precision > best.precision) best = {precision, preference.quality};
  }
  return best.quality > 0;
}

}  // namespace pgsidecar::metrics
