#include "metrics/label_value.h"

#include "base/text.h"

namespace pgsidecar::metrics {
namespace {

std::size_t LimitBytes(std::string_view label) {
  if (label == "query") return 200;
  if (label == "summary" || label == "operation") return 80;
  return 128;
}

}  // namespace

std::string LabelValue(std::string_view label, std::string_view value) {
  return PrintableText(value, LimitBytes(label));
}

}  // namespace pgsidecar::metrics
