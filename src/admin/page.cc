#include "admin/page.h"

#include <utility>

#include "base/text.h"

namespace pgsidecar::admin {
namespace {

constexpr std::size_t kFactBytes = 256;

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : PrintableText(text, kFactBytes)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view FactOf(std::string_view name, const PageFacts& facts) {
  if (name == "version") return facts.version;
  if (name == "upstream") return facts.upstream;
  if (name == "wire_address") return facts.wire_address;
  return {};
}

}  // namespace

std::string RenderPage(std::string_view page, const PageFacts& facts) {
  std::string out;
  while (true) {
    const std::size_t open = page.find("{{");
    const std::size_t close = page.find("}}", open);
    if (close == std::string_view::npos) break;
    out.append(page.substr(0, open));
    out.append(EscapeHtml(FactOf(page.substr(open + 2, close - open - 2), facts)));
    page.remove_prefix(close + 2);
  }
  return out.append(page);
}

}  // namespace pgsidecar::admin
