// Client messages: anything a client may send while a server answers its first statements.
#include <cstdint>

#include "conversation_fuzz.h"
#include "unit/pgwire/messages.h"

using namespace pgsidecar::pgwire;           // NOLINT
using namespace pgsidecar::pgwire::testing;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::string answer = Complete("SELECT 1") + Ready('T') + ParseComplete() + BindComplete() +
                             DataRow() + Suspended() + Error("42P01") + Ready('E');
  RequireSplitProof({{true, bytes}, {false, answer}, {true, bytes}});
  return 0;
}
