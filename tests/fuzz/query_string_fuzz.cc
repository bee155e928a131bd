// Query strings of the admin listener: every parameter is known, and none comes twice.
#include <algorithm>
#include <string>

#include "admin/query_string.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pgsidecar::admin::QueryString;
  using pgsidecar::fuzz::Require;
  const std::string_view query = pgsidecar::fuzz::Text(data, size);
  const auto parsed = QueryString::Parse(query, {"since", "sort", "limit"});
  if (!parsed.ok()) {
    const std::string& message = parsed.error().message;
    // What came from outside is echoed, so it is short and fit for a JSON document.
    Require(!message.empty() && message.size() < 256);
    Require(std::none_of(message.begin(), message.end(),
                         [](char c) { return static_cast<unsigned char>(c) < ' '; }));
    return 0;
  }
  for (const std::string_view name : {"since", "sort", "limit"}) {
    const std::string_view value = parsed.value().Get(name, "fallback");
    Require(!value.empty());
    Require(value == "fallback" || value.size() + name.size() < size);
  }
  Require(parsed.value().Get("other", "fallback") == "fallback");
  return 0;
}
