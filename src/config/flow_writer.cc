#include "config/flow_writer.h"

#include <array>
#include <cstdio>

#include "base/units.h"

namespace pgsidecar::config {

void FlowWriter::Separate() {
  if (out_.back() != '[' && out_.back() != '{') out_ += ", ";
}

void FlowWriter::Quote(std::string_view text) {
  out_ += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\x%02X", byte);
      out_ += escaped.data();
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void FlowWriter::Name(std::string_view name) {
  Separate();
  Quote(name);
  out_ += ": ";
}

void FlowWriter::BeginMap(std::string_view name) {
  if (name.empty()) {
    Separate();
  } else {
    Name(name);
  }
  out_ += '{';
}

void FlowWriter::EndMap() { out_ += '}'; }

void FlowWriter::Add(std::string_view name, const std::string& text) {
  if (!text.empty()) AddAlways(name, text);
}

void FlowWriter::Add(std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Name(name);
  out_ += '[';
  for (const std::string& text : texts) {
    Separate();
    Quote(text);
  }
  out_ += ']';
}

void FlowWriter::Add(std::string_view name, std::chrono::nanoseconds duration) {
  if (duration.count() >= 0) AddAlways(name, FormatDuration(duration));
}

void FlowWriter::Add(std::string_view name, bool value) {
  if (value) AddAlways(name, "true");
}

void FlowWriter::AddAlways(std::string_view name, const std::string& text) {
  Name(name);
  Quote(text);
}

std::string FlowWriter::Take() { return std::move(out_) + "]"; }

}  // namespace pgsidecar::config
