#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "pgsidecar/array.h"

namespace pgsidecar {

/// A field was read as a type that its text is not. A mistake of the caller, so it is thrown.
class ConversionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Converts the text form of a field. Specialised for bool, the integers, float, double,
/// std::string, and std::vector of those (a one-dimensional array without NULL).
template <class T>
T FieldAs(std::string_view text);

/// Where rows come from: a result of libpqxx, or bytes out of the cache. Immutable.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual std::size_t row_count() const = 0;
  virtual std::size_t column_count() const = 0;
  virtual std::string_view ColumnName(std::size_t column) const = 0;
  virtual std::uint32_t ColumnType(std::size_t column) const = 0;
  virtual std::uint64_t affected() const = 0;
  /// Requires: both in range. Nothing for NULL.
  virtual std::optional<std::string_view> Field(std::size_t row, std::size_t column) const = 0;
};

/// The rows a statement returned. A value: copies share the same immutable rows, so that a copy
/// costs a counter. Thread-safe to read. Views live as long as any copy.
class Rows {
 public:
  class Row;
  class Iterator;

  Rows() = default;  ///< No rows, no columns.
  /// The second owner of `source` is any copy of these rows.
  explicit Rows(std::shared_ptr<const RowSource> source) : source_(std::move(source)) {}

  std::size_t size() const { return source_ ? source_->row_count() : 0; }
  bool empty() const { return size() == 0; }
  std::size_t columns() const { return source_ ? source_->column_count() : 0; }
  /// Rows that INSERT, UPDATE, DELETE or MERGE touched, or that SELECT returned.
  std::uint64_t affected() const { return source_ ? source_->affected() : 0; }

  /// Throws std::out_of_range, as all that follow here.
  std::string_view ColumnName(std::size_t column) const;
  /// The OID of the type: 23 is int4, 25 is text (`SELECT oid, typname FROM pg_type`).
  std::uint32_t ColumnType(std::size_t column) const;
  /// The first column of that name; nothing if there is none.
  std::optional<std::size_t> FindColumn(std::string_view name) const;

  bool IsNull(std::size_t row, std::size_t column) const { return !Text(row, column); }
  /// The text form of a field; nothing for NULL.
  std::optional<std::string_view> Text(std::size_t row, std::size_t column) const;
  /// The field as a T; nothing for NULL. Throws ConversionError if its text is no T.
  template <class T>
  std::optional<T> Get(std::size_t row, std::size_t column) const {
    const auto text = Text(row, column);
    if (!text) return std::nullopt;
    return FieldAs<T>(*text);
  }
  template <class T>
  std::optional<T> Get(std::size_t row, std::string_view column) const {
    return Get<T>(row, IndexOf(column));
  }

  Row operator[](std::size_t row) const;
  Iterator begin() const;
  Iterator end() const;

  /// A compact form that Deserialize reads back: a header, a table of offsets, the fields.
  std::string Serialize() const;
  /// Shares `bytes` instead of copying them. Nothing if they are not what Serialize wrote.
  static std::optional<Rows> Deserialize(std::shared_ptr<const std::string> bytes);

 private:
  /// Throws std::out_of_range with the name.
  std::size_t IndexOf(std::string_view column) const;

  std::shared_ptr<const RowSource> source_;
};

/// One row. Valid as long as its Rows.
class Rows::Row {
 public:
  Row(const Rows& rows, std::size_t index) : rows_(&rows), index_(index) {}

  template <class T, class Column>
  std::optional<T> Get(const Column& column) const {
    return rows_->Get<T>(index_, column);
  }
  std::optional<std::string_view> Text(std::size_t column) const {
    return rows_->Text(index_, column);
  }
  std::size_t index() const { return index_; }

 private:
  const Rows* rows_;
  std::size_t index_;
};

class Rows::Iterator {
 public:
  Iterator(const Rows& rows, std::size_t index) : rows_(&rows), index_(index) {}
  Row operator*() const { return Row(*rows_, index_); }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  bool operator==(const Iterator& other) const { return index_ == other.index_; }

 private:
  const Rows* rows_;
  std::size_t index_;
};

inline Rows::Row Rows::operator[](std::size_t row) const { return Row(*this, row); }
inline Rows::Iterator Rows::begin() const { return Iterator(*this, 0); }
inline Rows::Iterator Rows::end() const { return Iterator(*this, size()); }

template <>
bool FieldAs<bool>(std::string_view text);
template <>
std::int16_t FieldAs<std::int16_t>(std::string_view text);
template <>
std::int32_t FieldAs<std::int32_t>(std::string_view text);
template <>
std::int64_t FieldAs<std::int64_t>(std::string_view text);
template <>
std::uint32_t FieldAs<std::uint32_t>(std::string_view text);
template <>
std::uint64_t FieldAs<std::uint64_t>(std::string_view text);
template <>
float FieldAs<float>(std::string_view text);
template <>
double FieldAs<double>(std::string_view text);
template <>
std::string FieldAs<std::string>(std::string_view text);

/// The bytes of a bytea field, from its text form. Throws ConversionError.
std::string FieldAsBytes(std::string_view text);
/// The elements of a one-dimensional array. Throws ConversionError for more dimensions, and for
/// NULL.
std::vector<std::string> FieldAsElements(std::string_view text);

namespace internal {
template <class T>
struct FieldReader;
template <class T>
struct FieldReader<std::vector<T>> {
  static std::vector<T> Read(std::string_view text) {
    std::vector<T> values;
    for (const std::string& element : FieldAsElements(text)) values.push_back(FieldAs<T>(element));
    return values;
  }
};
}  // namespace internal

template <class T>
T FieldAs(std::string_view text) {
  return internal::FieldReader<T>::Read(text);
}

}  // namespace pgsidecar
