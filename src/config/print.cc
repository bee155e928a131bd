#include "config/print.h"

#include <array>
#include <cstdint>
#include <cstdio>

#include "config/keys.h"

namespace pgsidecar::config {

namespace {

/// The sections of `name` that are not open after `before`, and the indented last part of it.
std::string NestedName(std::string_view name, std::string_view before) {
  std::string out, indent;
  std::size_t begin = 0;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos;
       dot = name.find('.', begin)) {
    if (!before.starts_with(name.substr(0, dot + 1))) {
      out += indent + std::string(name.substr(begin, dot - begin)) + ":\n";
    }
    indent += "  ";
    begin = dot + 1;
  }
  return out + indent + std::string(name.substr(begin));
}

}  // namespace

std::string PrintConfig(const Loaded& loaded) {
  std::string out;
  std::string_view before;
  for (const Key& key : Keys()) {
    out += NestedName(key.name, before) + ": " + key.field.get(loaded.config) + "  # " +
           loaded.SourceOf(key.name) + "\n";
    before = key.name;
  }
  return out;
}

std::string HashConfig(const Config& config) {
  // FNV-1a, 64 bit: stable between builds and machines, which std::hash is not.
  std::uint64_t hash = 0xCBF29CE484222325;
  const auto add = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  };
  for (const Key& key : Keys()) {
    add(key.name);
    add("=");
    add(key.field.get(config));
    add("\n");
  }
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
}

}  // namespace pgsidecar::config
