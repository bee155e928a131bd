#pragma once

#include <string>
#include <string_view>

namespace pgsidecar::admin {

/// The landing page and what it loads, embedded from src/web at build time.
extern const std::string_view kIndexHtml;
extern const std::string_view kAppJs;
extern const std::string_view kStyleCss;
extern const std::string_view kIconSvg;

/// What the landing page shows without a script.
struct PageFacts {
  std::string version, upstream, wire_address;
};

/// The landing page with `facts` in place of `{{version}}`, `{{upstream}}` and `{{wire_address}}`,
/// escaped for HTML.
std::string RenderPage(std::string_view page, const PageFacts& facts);

}  // namespace pgsidecar::admin
