#include "config/print.h"

#include <array>
#include <cstdint>
#include <cstdio>

#include "config/keys.h"

namespace pgsidecar::config {

std::string PrintConfig(const Loaded& loaded) {
  std::string out;
  std::string_view open_section;
  for (const Key& key : Keys()) {
    const std::size_t dot = key.name.find('.');
    const bool nested = dot != std::string_view::npos;
    const std::string_view section = nested ? key.name.substr(0, dot) : std::string_view();
    if (nested && section != open_section) out += std::string(section) + ":\n";
    open_section = section;
    out += nested ? "  " + std::string(key.name.substr(dot + 1)) : std::string(key.name);
    out += ": " + key.field.get(loaded.config) + "  # " + loaded.SourceOf(key.name) + "\n";
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
