#include "sql/identity.h"

#include <pg_query.h>

#include <memory>

#include "base/text.h"
#include "sql/summary.h"

namespace pgsidecar::sql {
namespace {

constexpr std::uint64_t kTagIdentitySeed = 0x7a61'0000 + kScannerVersion;

/// The fingerprint of a text; empty if libpg_query refuses it.
std::string Fingerprint(const std::string& text) {
  PgQueryFingerprintResult result = pg_query_fingerprint(text.c_str());
  std::string fingerprint;
  if (result.error == nullptr) fingerprint = result.fingerprint_str;
  pg_query_free_fingerprint_result(result);
  return fingerprint;
}

}  // namespace

std::string Hex(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; value >>= 4U) text[i] = kDigits[value & 15U];
  return text;
}

std::string CommandTag(const StatementShape& shape) {
  return std::string(FindVerb(shape.verb).tag).append(ObjectTag(shape.object));
}

Identity UnknownIdentity(metrics::Command command) {
  const std::string name(Name(command));
  return {.fingerprint = "unknown", .summary = name, .query = name, .kind = IdentityKind::kUtility};
}

Identity IdentifyByShape(const StatementShape& shape, const Canonical& canonical) {
  if (!shape.data) {
    const std::string tag = CommandTag(shape);
    return {.fingerprint = Hex(HashOf(tag, kTagIdentitySeed)), .summary = tag, .query = tag};
  }
  const std::string text = PrintableText(canonical.text, CanonicalText::kCapacity);
  return {.fingerprint = Hex(Mix(shape.hash, kScannerVersion)),
          .summary = SummaryOfTokens(Name(shape.command), text),
          .query = text,
          .kind = canonical.too_long ? IdentityKind::kTooLong : IdentityKind::kRejected};
}

Identity Identify(const StatementShape& shape, const Canonical& canonical) {
  if (!shape.data && shape.verb == WordId::kNone) return UnknownIdentity(shape.command);
  if (!shape.data || canonical.too_long) return IdentifyByShape(shape, canonical);
  // What libpg_query gets is what is shown: no literal, valid UTF-8.
  std::string text = PrintableText(canonical.text, CanonicalText::kCapacity);
  std::string fingerprint = Fingerprint(text);
  if (fingerprint.empty()) return IdentifyByShape(shape, canonical);
  std::string summary = SummaryOfTree(FindVerb(shape.verb).tag, text);
  return {.fingerprint = std::move(fingerprint),
          .summary = std::move(summary),
          .query = std::move(text),
          .kind = IdentityKind::kFingerprint};
}

}  // namespace pgsidecar::sql
