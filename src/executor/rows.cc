#include "pgsidecar/rows.h"

namespace pgsidecar {
namespace {

void Check(bool in_range, const char* what) {
  if (!in_range) throw std::out_of_range(std::string(what) + " of rows is out of range");
}

}  // namespace

std::string_view Rows::ColumnName(std::size_t column) const {
  Check(column < columns(), "column");
  return source_->ColumnName(column);
}

std::uint32_t Rows::ColumnType(std::size_t column) const {
  Check(column < columns(), "column");
  return source_->ColumnType(column);
}

std::optional<std::size_t> Rows::FindColumn(std::string_view name) const {
  const std::size_t count = columns();
  for (std::size_t i = 0; i < count; ++i) {
    if (source_->ColumnName(i) == name) return i;
  }
  return std::nullopt;
}

std::size_t Rows::IndexOf(std::string_view column) const {
  const auto index = FindColumn(column);
  if (!index) throw std::out_of_range("there is no column " + std::string(column));
  return *index;
}

std::optional<std::string_view> Rows::Text(std::size_t row, std::size_t column) const {
  Check(row < size(), "row");
  Check(column < columns(), "column");
  return source_->Field(row, column);
}

}  // namespace pgsidecar
