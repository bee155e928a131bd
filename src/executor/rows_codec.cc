#include <bit>
#include <cstring>
#include <limits>

#include "pgsidecar/rows.h"

namespace pgsidecar {
namespace {

// All numbers are little-endian. A header of five: magic, columns, rows (64 bits), affected (64
// bits), size of the names. Then the type OIDs, the ends of the names, the names, the ends of the
// fields (the highest bit says NULL), the fields.
constexpr std::uint32_t kMagic = 0x31776f52;  // "Row1"
constexpr std::size_t kHeaderBytes = 4 + 4 + 8 + 8 + 4;
constexpr std::uint64_t kNull = std::uint64_t{1} << 63;
constexpr std::uint32_t kColumnsMax = 1664;  // PostgreSQL manual, appendix K.

template <class Number>
void Put(std::string& to, Number value) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    to += static_cast<char>(value >> (8 * i) & 0xff);
  }
}

template <class Number>
Number Take(const char* from) {
  if constexpr (std::endian::native == std::endian::little) {
    Number value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  Number value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value |= static_cast<Number>(static_cast<unsigned char>(from[i])) << (8 * i);
  }
  return value;
}

/// Rows in the bytes of a cache entry.
class DecodedRows final : public RowSource {
 public:
  explicit DecodedRows(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}

  /// Everything that the accessors rely on.
  bool Check() {
    const std::string& bytes = *bytes_;
    if (bytes.size() < kHeaderBytes || Take<std::uint32_t>(bytes.data()) != kMagic) return false;
    columns_ = Take<std::uint32_t>(bytes.data() + 4);
    rows_ = Take<std::uint64_t>(bytes.data() + 8);
    affected_ = Take<std::uint64_t>(bytes.data() + 16);
    const std::uint64_t names_bytes = Take<std::uint32_t>(bytes.data() + 24);
    const std::uint64_t rest = bytes.size() - kHeaderBytes;
    const std::uint64_t head = std::uint64_t{columns_} * 8 + names_bytes;
    if (columns_ > kColumnsMax || head > rest) return false;
    types_ = bytes.data() + kHeaderBytes;
    name_ends_ = types_ + std::size_t{columns_} * 4;
    names_ = name_ends_ + std::size_t{columns_} * 4;
    field_ends_ = names_ + names_bytes;
    const std::uint64_t row_bytes = std::uint64_t{columns_} * 8;
    if (row_bytes != 0 && rows_ > (rest - head) / row_bytes) return false;
    if (row_bytes == 0 && rows_ > std::numeric_limits<std::uint32_t>::max()) return false;
    fields_ = field_ends_ + rows_ * row_bytes;
    const auto fields_bytes = static_cast<std::uint64_t>(bytes.data() + bytes.size() - fields_);
    return CheckNames(names_bytes) && CheckFields(fields_bytes);
  }

  std::size_t row_count() const override { return rows_; }
  std::size_t column_count() const override { return columns_; }
  std::uint64_t affected() const override { return affected_; }
  std::string_view ColumnName(std::size_t column) const override {
    const std::uint32_t begin = column == 0 ? 0 : NameEnd(column - 1);
    return {names_ + begin, NameEnd(column) - begin};
  }
  std::uint32_t ColumnType(std::size_t column) const override {
    return Take<std::uint32_t>(types_ + 4 * column);
  }
  std::optional<std::string_view> Field(std::size_t row, std::size_t column) const override {
    const std::size_t index = row * columns_ + column;
    const std::uint64_t end = FieldEnd(index);
    if ((end & kNull) != 0) return std::nullopt;
    const std::uint64_t begin = index == 0 ? 0 : FieldEnd(index - 1) & ~kNull;
    return std::string_view(fields_ + begin, end - begin);
  }

 private:
  std::uint32_t NameEnd(std::size_t column) const {
    return Take<std::uint32_t>(name_ends_ + 4 * column);
  }
  std::uint64_t FieldEnd(std::size_t index) const {
    return Take<std::uint64_t>(field_ends_ + 8 * index);
  }
  bool CheckNames(std::uint64_t names_bytes) const {
    std::uint32_t last = 0;
    for (std::size_t i = 0; i < columns_; ++i) {
      if (NameEnd(i) < last) return false;
      last = NameEnd(i);
    }
    return last == names_bytes;
  }
  bool CheckFields(std::uint64_t fields_bytes) const {
    std::uint64_t last = 0;
    const std::size_t count = rows_ * columns_;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t end = FieldEnd(i) & ~kNull;
      const bool null = (FieldEnd(i) & kNull) != 0;
      if (end < last || (null && end != last)) return false;
      last = end;
    }
    return last == fields_bytes;
  }

  const std::shared_ptr<const std::string> bytes_;  // The cache owns them, too.
  std::uint32_t columns_ = 0;
  std::uint64_t rows_ = 0, affected_ = 0;
  const char* types_ = nullptr;
  const char* name_ends_ = nullptr;
  const char* names_ = nullptr;
  const char* field_ends_ = nullptr;
  const char* fields_ = nullptr;
};

void PutNames(std::string& to, const Rows& rows) {
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    Put(to, end += static_cast<std::uint32_t>(rows.ColumnName(i).size()));
  }
  for (std::size_t i = 0; i < rows.columns(); ++i) to += rows.ColumnName(i);
}

}  // namespace

std::string Rows::Serialize() const {
  std::string names;
  PutNames(names, *this);
  std::string bytes;
  Put(bytes, kMagic);
  Put(bytes, static_cast<std::uint32_t>(columns()));
  Put(bytes, std::uint64_t{size()});
  Put(bytes, affected());
  Put(bytes, static_cast<std::uint32_t>(names.size() - 4 * columns()));
  for (std::size_t i = 0; i < columns(); ++i) Put(bytes, ColumnType(i));
  bytes += names;
  std::string fields;
  for (std::size_t row = 0; row < size(); ++row) {
    for (std::size_t column = 0; column < columns(); ++column) {
      const auto text = source_->Field(row, column);
      if (text) fields += *text;
      Put(bytes, std::uint64_t{fields.size()} | (text ? 0 : kNull));
    }
  }
  return bytes += fields;
}

std::optional<Rows> Rows::Deserialize(std::shared_ptr<const std::string> bytes) {
  auto decoded = std::make_shared<DecodedRows>(std::move(bytes));
  if (!decoded->Check()) return std::nullopt;
  return Rows(std::move(decoded));
}

}  // namespace pgsidecar
