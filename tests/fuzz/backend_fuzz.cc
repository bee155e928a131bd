// Server messages, as answers to a pipeline of every kind of request.
#include <cstdint>

#include "conversation_fuzz.h"
#include "unit/pgwire/messages.h"

using namespace pgsidecar::pgwire;           // NOLINT
using namespace pgsidecar::pgwire::testing;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::string requests = Query("select 1; select 2; BEGIN") + Parse("s", "select 3") +
                               DescribeStatement("s") + Bind("p", "s") + DescribePortal("p") +
                               Execute("p") + Execute("p") + ClosePortal("p") +
                               CloseStatement("s") + Sync() + FunctionCall() +
                               Query("copy t from stdin") + Query("select 4");
  RequireSplitProof({{true, requests}, {false, bytes}});
  RequireSplitProof({{true, Query("copy t from stdin")},
                     {false, CopyIn()},
                     {true, CopyData("x") + Sync() + CopyDone() + Query("select 5")},
                     {false, bytes}});
  return 0;
}
