#include "config/yaml.h"

#include <fcntl.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <utility>

#include "base/text.h"
#include "base/unique_fd.h"
#include "config/keys.h"

namespace pgsidecar::config {
namespace {

constexpr std::size_t kShownBytes = 200;

Result<std::string> ReadFile(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return Error{std::string("cannot be read: ") + std::strerror(errno)};
  std::string text;
  std::array<char, 16384> block{};
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{std::string("cannot be read: ") + std::strerror(errno)};
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
    if (text.size() > kFileBytesMax) return Error{"is larger than 1MiB; allowed: at most 1MiB"};
  }
}

/// Whether a byte is one that no text file has.
bool IsBinary(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F;
}

Result<Entry> EntryOf(const YAML::Node& map) {
  Entry entry;
  for (const auto& pair : map) {
    if (!pair.first.IsScalar() || !pair.second.IsScalar()) {
      return Error{"holds a map with a field that is not a single value; allowed: name: value"};
    }
    entry.emplace_back(pair.first.Scalar(), pair.second.Scalar());
  }
  return entry;
}

/// A scalar, a list of scalars or a list of maps. An empty list is a list of scalars.
Result<Value> ValueOf(const YAML::Node& node) {
  if (node.IsNull() || !node.IsDefined()) return Error{"has no value"};
  if (node.IsScalar()) return Value(node.Scalar());
  if (node.IsMap()) return Error{"is a map; allowed: a value or a list"};
  std::vector<std::string> texts;
  std::vector<Entry> entries;
  for (const YAML::Node& element : node) {
    if (element.IsScalar()) {
      texts.push_back(element.Scalar());
    } else if (element.IsMap()) {
      auto entry = EntryOf(element);
      if (!entry.ok()) return entry.error();
      entries.push_back(std::move(entry).value());
    } else {
      return Error{"holds a list element that is neither a value nor a map"};
    }
  }
  if (entries.empty()) return Value(std::move(texts));
  if (texts.empty()) return Value(std::move(entries));
  return Error{"mixes values and maps in one list"};
}

/// Recursion ends with the levels that a tree may have.
Result<Tree> TreeOf(const YAML::Node& node, int level) {
  if (level > kTreeLevelsMax) return Error{"has too many levels; allowed: at most 8"};
  Tree tree;
  tree.line = node.Mark().line + 1;
  if (node.IsScalar()) {
    tree.kind = Tree::Kind::kScalar;
    tree.text = node.Scalar();
  } else if (node.IsSequence()) {
    tree.kind = Tree::Kind::kList;
    for (const YAML::Node& element : node) {
      auto child = TreeOf(element, level + 1);
      if (!child.ok()) return child.error();
      tree.list.push_back(std::move(child).value());
    }
  } else if (node.IsMap()) {
    tree.kind = Tree::Kind::kMap;
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) return Error{"holds a map with a key that is not a single word"};
      auto child = TreeOf(pair.second, level + 1);
      if (!child.ok()) return child.error();
      tree.map.emplace_back(pair.first.Scalar(), std::move(child).value());
    }
  }
  return tree;
}

Result<Value> ValueFor(const Key& key, const YAML::Node& node) {
  if (!key.field.takes_tree) return ValueOf(node);
  auto tree = TreeOf(node, 0);
  if (!tree.ok()) return tree.error();
  return Value(std::move(tree).value());
}

/// Remembers only where a document starts.
class DocumentStart final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { mark_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  const YAML::Mark& mark() const { return mark_; }

 private:
  YAML::Mark mark_;
};

/// The one document in `text`; throws YAML::Exception. Neither function of yaml-cpp for this is
/// safe: Load ignores what stands behind the first document, and LoadAll never ends for `,`.
YAML::Node LoadOnly(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStart start;
  if (parser.HandleNextDocument(start) && parser.HandleNextDocument(start)) {
    throw YAML::ParserException(start.mark(), "more behind the end of the document");
  }
  return YAML::Load(text);
}

bool IsSection(const std::string& key) {
  return std::any_of(Keys().begin(), Keys().end(),
                     [&](const Key& known) { return known.name.starts_with(key + "."); });
}

std::string KeysOfSection(const std::string& section) {
  std::vector<std::string_view> names;
  for (const Key& key : Keys()) {
    if (key.name.starts_with(section + ".")) names.push_back(key.name);
  }
  return Join(names);
}

/// Turns the tree of a document into settings.
class Flattener {
 public:
  Flattener(const std::string& path, Settings& out) : path_(path), out_(out) {}

  /// Recursion ends with the key table: only a known section is entered.
  void Visit(const YAML::Node& map, const std::string& prefix) {
    for (const auto& pair : map) {
      const std::string source = path_ + ":" + std::to_string(pair.first.Mark().line + 1);
      if (!pair.first.IsScalar()) {
        out_.errors.push_back(source + ": a key is not a single word");
        continue;
      }
      VisitPair(prefix + pair.first.Scalar(), pair.second, source);
    }
  }

 private:
  void VisitPair(const std::string& key, const YAML::Node& node, const std::string& source) {
    const auto refuse = [&](const std::string& problem) {
      out_.errors.push_back(source + ": " + PrintableText(key, kShownBytes) + ": " + problem);
    };
    if (IsSection(key)) {
      if (node.IsMap()) {
        Visit(node, key + ".");
      } else if (!node.IsNull()) {
        refuse("is a section, not a key; allowed: " + KeysOfSection(key));
      }
      return;
    }
    const Key* known = FindKey(key);
    if (known == nullptr) {
      refuse("unknown key" + Suggestion(key) +
             "; allowed: the keys of `pgsidecar describe configuration`");
      return;
    }
    auto value = ValueFor(*known, node);
    if (!value.ok()) {
      refuse(value.error().message);
      return;
    }
    out_.settings.push_back({key, std::move(value).value(), source});
  }

  const std::string& path_;
  Settings& out_;
};

std::string LineOf(const YAML::Mark& mark) {
  return mark.is_null() ? "" : ":" + std::to_string(mark.line + 1);
}

}  // namespace

Settings ReadYamlText(std::string_view text, const std::string& path) {
  Settings out;
  const auto binary = std::find_if(text.begin(), text.end(), IsBinary);
  if (binary != text.end()) {
    const auto line = 1 + std::count(text.begin(), binary, '\n');
    out.errors.push_back(path + ":" + std::to_string(line) +
                         ": is not a text file; allowed: YAML in UTF-8");
    return out;
  }
  try {
    const YAML::Node document = LoadOnly(std::string(text));
    if (document.IsMap()) {
      Flattener(path, out).Visit(document, "");
    } else if (!document.IsNull()) {
      out.errors.push_back(path + LineOf(document.Mark()) +
                           ": is not a map; allowed: lines of `key: value`");
    }
  } catch (const YAML::Exception& error) {
    out.settings.clear();
    out.errors = {path + LineOf(error.mark) +
                  ": is not valid YAML: " + PrintableText(error.msg, kShownBytes)};
  }
  return out;
}

Settings ReadYamlFile(const std::string& path) {
  const auto text = ReadFile(path);
  if (text.ok()) return ReadYamlText(text.value(), PrintableText(path, kShownBytes));
  Settings out;
  out.errors.push_back(PrintableText(path, kShownBytes) + ": " + text.error().message);
  return out;
}

Result<Value> ParseYamlValue(const std::string& text) {
  try {
    return ValueOf(LoadOnly(text));
  } catch (const YAML::Exception& error) {
    return Error{PrintableText(error.msg, kShownBytes)};
  }
}

Result<Tree> ParseTree(const std::string& text) {
  try {
    return TreeOf(LoadOnly(text), 0);
  } catch (const YAML::Exception& error) {
    return Error{"is not valid YAML: " + PrintableText(error.msg, kShownBytes)};
  }
}

}  // namespace pgsidecar::config
