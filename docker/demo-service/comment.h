#pragma once

#include <string>
#include <string_view>

namespace demo {

/// What a request says about itself to whoever watches the database.
struct RequestContext {
  std::string route;        ///< Template, such as `/users/{id}`.
  std::string traceparent;  ///< As received; empty if there was none.
};

/// ` /*action='…',route='…',traceparent='…'*/`, to stand behind a statement: the sqlcommenter form,
/// keys sorted, values URL-encoded.
std::string SqlComment(std::string_view action, const RequestContext& context);

}  // namespace demo
