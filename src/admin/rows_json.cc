#include "admin/rows_json.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "pgsidecar/array.h"

namespace pgsidecar::admin {
namespace {

enum class Form : std::uint8_t { kText, kNumber, kBool, kJson };

struct TypeForm {
  std::uint32_t oid;
  Form form;
};

/// Types whose JSON is not their text in quotes. OIDs of built-in types never change
/// (pg_type.dat).
constexpr std::array<TypeForm, 9> kScalars = {{{16, Form::kBool},
                                               {20, Form::kNumber},
                                               {21, Form::kNumber},
                                               {23, Form::kNumber},
                                               {26, Form::kNumber},
                                               {700, Form::kNumber},
                                               {701, Form::kNumber},
                                               {114, Form::kJson},
                                               {3802, Form::kJson}}};

/// Array types, and the form of their elements.
constexpr std::array<TypeForm, 26> kArrays = {{
    {1000, Form::kBool},   {1016, Form::kNumber}, {1005, Form::kNumber}, {1007, Form::kNumber},
    {1028, Form::kNumber}, {1021, Form::kNumber}, {1022, Form::kNumber}, {199, Form::kJson},
    {3807, Form::kJson},   {1231, Form::kText},   {1009, Form::kText},   {1015, Form::kText},
    {1014, Form::kText},   {1002, Form::kText},   {1003, Form::kText},   {2951, Form::kText},
    {1115, Form::kText},   {1185, Form::kText},   {1182, Form::kText},   {1183, Form::kText},
    {1270, Form::kText},   {1001, Form::kText},   {1041, Form::kText},   {651, Form::kText},
    {1040, Form::kText},   {1187, Form::kText},
}};

template <std::size_t N>
const TypeForm* Find(const std::array<TypeForm, N>& types, std::uint32_t oid) {
  const auto* found = std::find_if(types.begin(), types.end(),
                                   [&](const TypeForm& each) { return each.oid == oid; });
  return found == types.end() ? nullptr : found;
}

/// How a column is written.
struct Column {
  std::string prefix;  ///< `"name":`
  Form form = Form::kText;
  bool is_array = false;
};

std::vector<Column> ColumnsOf(const Rows& rows) {
  std::vector<Column> columns;
  std::set<std::string> names;
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    const std::string original(rows.ColumnName(i));
    std::string name = original;
    for (int number = 2; !names.insert(name).second; ++number) {
      name = original + "_" + std::to_string(number);
    }
    Column column{JsonString(name) + ":"};
    if (const TypeForm* scalar = Find(kScalars, rows.ColumnType(i))) column.form = scalar->form;
    if (const TypeForm* array = Find(kArrays, rows.ColumnType(i))) {
      column.form = array->form;
      column.is_array = true;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

void AppendScalar(std::string& out, std::string_view text, Form form) {
  switch (form) {
    case Form::kBool:
      out += text == "t" ? "true" : "false";
      return;
    case Form::kJson:
      out += text;
      return;
    case Form::kNumber:
      // NaN and infinities are no numbers in JSON.
      if (std::isdigit(static_cast<unsigned char>(text.back())) != 0) {
        out += text;
        return;
      }
      break;
    case Form::kText:
      break;
  }
  out += JsonString(text);
}

/// Brackets open before an element where a dimension begins, and close behind it where one ends.
void AppendArray(std::string& out, const Array& array, Form form) {
  if (array.dimensions.empty()) {
    out += "[]";
    return;
  }
  for (std::size_t i = 0; i < array.elements.size(); ++i) {
    if (i > 0) out += ',';
    std::size_t size = 1;
    std::string closing;
    for (std::size_t d = array.dimensions.size(); d-- > 0;) {
      size *= array.dimensions[d];
      if (i % size == 0) out += '[';
      if ((i + 1) % size == 0) closing += ']';
    }
    if (array.elements[i]) {
      AppendScalar(out, *array.elements[i], form);
    } else {
      out += "null";
    }
    out += closing;
  }
}

void AppendField(std::string& out, std::optional<std::string_view> text, const Column& column) {
  if (!text) {
    out += "null";
    return;
  }
  if (!column.is_array) {
    AppendScalar(out, text->empty() ? std::string_view("") : *text,
                 text->empty() ? Form::kText : column.form);
    return;
  }
  if (const auto array = ParseArray(*text)) {
    AppendArray(out, *array, column.form);
  } else {
    out += JsonString(*text);
  }
}

}  // namespace

std::string JsonString(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
  });
  if (plain) return '"' + std::string(text) + '"';
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<std::string> RowsToJson(const Rows& rows, std::size_t bytes_max) {
  const std::vector<Column> columns = ColumnsOf(rows);
  std::string out = "[";
  for (std::size_t row = 0; row < rows.size(); ++row) {
    out += row == 0 ? "{" : ",{";
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out += ',';
      out += columns[i].prefix;
      AppendField(out, rows.Text(row, i), columns[i]);
      if (out.size() > bytes_max) return std::nullopt;
    }
    out += '}';
  }
  out += ']';
  if (out.size() > bytes_max) return std::nullopt;
  return out;
}

}  // namespace pgsidecar::admin
