// Rows out of a cache that anybody may have written to: refused, or read within their bytes.
#include <memory>
#include <string>

#include "fuzz/require.h"
#include "pgsidecar/rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pgsidecar::fuzz::Require;
  const auto rows = pgsidecar::Rows::Deserialize(
      std::make_shared<const std::string>(pgsidecar::fuzz::Text(data, size)));
  if (!rows) return 0;
  std::size_t bytes = 0;
  for (std::size_t column = 0; column < rows->columns(); ++column) {
    bytes += rows->ColumnName(column).size() + (rows->ColumnType(column) > 0 ? 1 : 0);
    for (std::size_t row = 0; row < rows->size(); ++row) {
      const auto text = rows->Text(row, column);
      if (text) bytes += text->size();
    }
  }
  Require(bytes <= 2 * size);
  if (rows->columns() > 0) {
    const std::string again = rows->Serialize();
    Require(again == pgsidecar::fuzz::Text(data, size));
  }
  return 0;
}
