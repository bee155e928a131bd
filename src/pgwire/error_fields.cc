#include "pgwire/error_fields.h"

#include <algorithm>

#include "pgwire/bytes.h"

namespace pgsidecar::pgwire {
namespace {

bool IsSqlstate(std::string_view text) {
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

}  // namespace

ErrorFields ReadErrorFields(std::string_view body) {
  ErrorFields fields;
  while (!body.empty() && body.front() != '\0') {
    const char code = body.front();
    body.remove_prefix(1);
    if (body.find('\0') == std::string_view::npos) break;  // cut short
    const std::string_view value = TakeString(body);
    if (code == 'V' || (code == 'S' && fields.severity.empty())) fields.severity = value;
    if (code == 'C' && IsSqlstate(value)) {
      std::copy(value.begin(), value.end(), fields.sqlstate.begin());
    }
  }
  return fields;
}

}  // namespace pgsidecar::pgwire
