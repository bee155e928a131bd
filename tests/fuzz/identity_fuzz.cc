// Statements on their way through libpg_query: the identity is fit for labels, the same for the
// text that is shown, and no text brings the parser down.
#include <algorithm>
#include <string>

#include "fuzz/require.h"
#include "sql/identity.h"
#include "sql/large_stack.h"
#include "unit/sql/scan_text.h"

namespace {

using namespace pgsidecar::sql;  // NOLINT
using pgsidecar::fuzz::Require;

bool Printable(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; });
}

void Check(const Scanned& scanned) {
  const Identity identity = Identify(scanned.shape, {scanned.canonical, scanned.too_long});
  Require(identity.fingerprint == "unknown" ||
          (identity.fingerprint.size() == 16 &&
           identity.fingerprint.find_first_not_of("0123456789abcdef") == std::string::npos));
  Require(!identity.summary.empty() && identity.summary.size() <= 255);
  Require(Printable(identity.summary) && Printable(identity.query));
  if (identity.kind != IdentityKind::kFingerprint) return;
  const Scanned shown = ScanOne(identity.query);
  const Identity again = Identify(shown.shape, {shown.canonical, shown.too_long});
  Require(again.fingerprint == identity.fingerprint && again.query == identity.query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto status = RunOnLargeStack([&] {
    for (const Scanned& scanned : ScanAll(pgsidecar::fuzz::Text(data, size))) Check(scanned);
  });
  Require(status.ok());
  return 0;
}
