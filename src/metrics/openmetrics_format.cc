#include "metrics/declaration.h"
#include "metrics/number_text.h"
#include "metrics/page_format.h"

namespace pgsidecar::metrics {
namespace {

/// The name of the family, which OpenMetrics keeps apart from the suffix of its samples.
std::string_view FamilyName(const Declaration& declaration) {
  std::string_view name = declaration.name;
  if (declaration.type == Type::kCounter && name.ends_with("_total")) name.remove_suffix(6);
  if (declaration.type == Type::kInfo && name.ends_with("_info")) name.remove_suffix(5);
  return name;
}

}  // namespace

std::string_view OpenMetricsFormat::content_type() const {
  return "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

void OpenMetricsFormat::AppendMetadata(const Declaration& declaration, std::string& page) const {
  const std::string_view name = FamilyName(declaration);
  page.append("# HELP ").append(name).append(" ");
  AppendEscaped(declaration.help, "\"", page);
  page.append("\n# TYPE ").append(name).append(" ").append(TypeName(declaration.type)).append("\n");
  const std::string_view unit = UnitOf(declaration.name);
  if (!unit.empty()) page.append("# UNIT ").append(name).append(" ").append(unit).append("\n");
}

void OpenMetricsFormat::AppendExemplar(const TakenExemplar& exemplar, std::string& page) const {
  page.append(" # {trace_id=\"").append(exemplar.trace_id);
  page.append("\",span_id=\"").append(exemplar.span_id);
  if (!exemplar.fingerprint.empty()) page.append("\",fingerprint=\"").append(exemplar.fingerprint);
  page.append("\"} ");
  AppendNumber(exemplar.value, page);
  page += ' ';
  AppendNumber(exemplar.unix_seconds, page);
}

void OpenMetricsFormat::AppendEnd(std::string& page) const { page += "# EOF\n"; }

}  // namespace pgsidecar::metrics
