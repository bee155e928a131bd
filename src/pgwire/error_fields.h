#pragma once

#include <string_view>

#include "pgwire/conversation.h"

namespace pgsidecar::pgwire {

/// What is read of an ErrorResponse or NoticeResponse. Message, detail and hint are never looked
/// at. PostgreSQL manual, "Error and Notice Message Fields".
struct ErrorFields {
  std::string_view severity;  ///< V, else S; empty if neither came.
  SqlstateText sqlstate{};    ///< C; empty if missing or malformed.
  bool fatal() const { return severity == "FATAL" || severity == "PANIC"; }
};

/// Reads the head of a body; fields behind it are as if missing.
ErrorFields ReadErrorFields(std::string_view body);

}  // namespace pgsidecar::pgwire
