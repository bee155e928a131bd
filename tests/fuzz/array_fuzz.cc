// The text form of an array: what is read is written, and read back as the same.
#include <string>

#include "fuzz/require.h"
#include "pgsidecar/array.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pgsidecar::fuzz::Require;
  const auto array = pgsidecar::ParseArray(pgsidecar::fuzz::Text(data, size));
  if (!array) return 0;
  std::size_t elements = array->dimensions.empty() ? 0 : 1;
  for (const std::size_t dimension : array->dimensions) elements *= dimension;
  Require(elements == array->elements.size());
  Require(array->dimensions.size() <= 6);
  const auto again = pgsidecar::ParseArray(pgsidecar::FormatArray(*array));
  Require(again && again->dimensions == array->dimensions && again->elements == array->elements);
  return 0;
}
