#include "metrics/page_format.h"

namespace pgsidecar::metrics {
std::string_view TextFormat::content_type() const {
  return "text/plain; version=0.0.4; charset=utf-8";
}

void TextFormat::AppendMetadata(const Declaration& declaration, std::string& page) const {
  page.append("# HELP ").append(declaration.name).append(" ");
  AppendEscaped(declaration.help, "", page);
  page.append("\n# TYPE ").append(declaration.name).append(" ");
  // The format knows no info metrics: they are gauges of value 1.
  const Type type = declaration.type == Type::kInfo ? Type::kGauge : declaration.type;
  page.append(TypeName(type)).append("\n");
}

void TextFormat::AppendExemplar(const TakenExemplar&, std::string&) const {}

void TextFormat::AppendEnd(std::string&) const {}

void AppendEscaped(std::string_view text, std::string_view also, std::string& page) {
  for (const char c : text) {
    if (c == '\n') {
      page += "\\n";
      continue;
    }
    if (c == '\\' || also.find(c) != std::string_view::npos) page += '\\';
    page += c;
  }
}

}  // namespace pgsidecar::metrics
