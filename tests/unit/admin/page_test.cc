#include "admin/page.h"

#include <gtest/gtest.h>

namespace pgsidecar::admin {
namespace {

TEST(Page, PutsEscapedFactsInPlace) {
  EXPECT_EQ(RenderPage("<b>{{version}}</b>{{upstream}} {{wire_address}}{{unknown}}",
                       {"1<2&\"'", "db:5432", "{{version}}"}),
            "<b>1&lt;2&amp;&quot;&#39;</b>db:5432 {{version}}");
  EXPECT_EQ(RenderPage("no end {{version", {}), "no end {{version");
}

TEST(Page, IsEmbeddedWholeAndNeedsNothingFromElsewhere) {
  EXPECT_TRUE(kIndexHtml.starts_with("<!doctype html>"));
  EXPECT_TRUE(kIndexHtml.ends_with("</html>\n"));
  for (const std::string_view file : {kIndexHtml, kAppJs, kStyleCss}) {
    EXPECT_FALSE(file.empty());
    EXPECT_EQ(file.find("http"), std::string_view::npos);
    EXPECT_EQ(file.find("style="), std::string_view::npos) << "the policy forbids inline styles";
    EXPECT_EQ(file.find("onclick"), std::string_view::npos) << "the policy forbids inline scripts";
    EXPECT_EQ(file.find("innerHTML"), std::string_view::npos) << "statement texts are hostile";
  }
}

}  // namespace
}  // namespace pgsidecar::admin
