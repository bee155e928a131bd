// The fields of an ErrorResponse: an SQLSTATE is five of [0-9A-Z] or missing, and a body that was
// cut short never says more than the whole one.
#include <algorithm>
#include <string_view>

#include "fuzz/require.h"
#include "pgwire/error_fields.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsidecar;  // NOLINT
  const std::string_view body = fuzz::Text(data, size);
  const pgwire::ErrorFields fields = pgwire::ReadErrorFields(body);
  const std::string_view sqlstate(fields.sqlstate.data());
  fuzz::Require(sqlstate.empty() || sqlstate.size() == 5);
  fuzz::Require(std::all_of(sqlstate.begin(), sqlstate.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  }));
  fuzz::Require(fields.severity.find('\0') == std::string_view::npos);
  fuzz::Require(fields.severity.empty() || body.find(fields.severity) != std::string_view::npos);
  for (std::size_t cut = 0; cut < size; ++cut) {
    const pgwire::ErrorFields part = pgwire::ReadErrorFields(body.substr(0, cut));
    fuzz::Require(part.severity.empty() || body.find(part.severity) != std::string_view::npos);
  }
  return 0;
}
