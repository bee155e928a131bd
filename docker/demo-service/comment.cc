#include "comment.h"

#include <cctype>

namespace demo {
namespace {

std::string UrlEncode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

}  // namespace

std::string SqlComment(std::string_view action, const RequestContext& context) {
  std::string comment = " /*action='" + UrlEncode(action) + "',route='" + UrlEncode(context.route);
  if (!context.traceparent.empty()) {
    comment += "',traceparent='" + UrlEncode(context.traceparent);
  }
  return comment + "'*/";
}

}  // namespace demo
