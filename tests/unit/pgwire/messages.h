#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Builders of protocol messages, written from the manual's "Message Formats".
namespace pgsidecar::pgwire::testing {

inline std::string Int32(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
  return out;
}
inline std::string Int16(std::uint32_t value) { return Int32(value).substr(2); }
inline std::string Zero(std::string_view text) { return std::string(text) + '\0'; }

inline std::string Message(char type, std::string_view body = {}) {
  return type + Int32(static_cast<std::uint32_t>(body.size() + 4)) + std::string(body);
}

// Client.
inline std::string Query(std::string_view sql) { return Message('Q', Zero(sql)); }
inline std::string Parse(std::string_view name, std::string_view sql) {
  return Message('P', Zero(name) + Zero(sql) + Int16(0));
}
inline std::string Bind(std::string_view portal, std::string_view statement) {
  return Message('B', Zero(portal) + Zero(statement) + Int16(0) + Int16(0) + Int16(0));
}
inline std::string DescribeStatement(std::string_view name) {
  return Message('D', "S" + Zero(name));
}
inline std::string DescribePortal(std::string_view name) { return Message('D', "P" + Zero(name)); }
inline std::string CloseStatement(std::string_view name) { return Message('C', "S" + Zero(name)); }
inline std::string ClosePortal(std::string_view name) { return Message('C', "P" + Zero(name)); }
inline std::string Execute(std::string_view portal, std::uint32_t rows = 0) {
  return Message('E', Zero(portal) + Int32(rows));
}
inline std::string Sync() { return Message('S'); }
inline std::string Flush() { return Message('H'); }
inline std::string FunctionCall() {
  return Message('F', Int32(1) + Int16(0) + Int16(0) + Int16(0));
}
inline std::string CopyData(std::string_view data) { return Message('d', data); }
inline std::string CopyDone() { return Message('c'); }
inline std::string CopyFail() { return Message('f', Zero("no")); }

// Server.
inline std::string ParseComplete() { return Message('1'); }
inline std::string BindComplete() { return Message('2'); }
inline std::string CloseComplete() { return Message('3'); }
inline std::string NoData() { return Message('n'); }
inline std::string ParameterDescription() { return Message('t', Int16(0)); }
inline std::string RowDescription() { return Message('T', Int16(0)); }
inline std::string DataRow() { return Message('D', Int16(1) + Int32(1) + "x"); }
inline std::string Complete(std::string_view tag) { return Message('C', Zero(tag)); }
inline std::string EmptyQuery() { return Message('I'); }
inline std::string Suspended() { return Message('s'); }
inline std::string Ready(char status = 'I') { return Message('Z', std::string(1, status)); }
inline std::string Error(std::string_view sqlstate, std::string_view severity = "ERROR") {
  return Message('E', "S" + Zero(severity) + "V" + Zero(severity) + "C" + Zero(sqlstate) + "M" +
                          Zero("secret") + '\0');
}
inline std::string Notice() { return Message('N', "V" + Zero("NOTICE") + '\0'); }
inline std::string CopyIn() { return Message('G', std::string(1, '\0') + Int16(0)); }
inline std::string CopyOut() { return Message('H', std::string(1, '\0') + Int16(0)); }
inline std::string CopyBoth() { return Message('W', std::string(1, '\0') + Int16(0)); }
inline std::string ParameterStatus(std::string_view name, std::string_view value) {
  return Message('S', Zero(name) + Zero(value));
}

}  // namespace pgsidecar::pgwire::testing
