#include "cache/entry_codec.h"

#include <gtest/gtest.h>

#include <string>

namespace pgsidecar::cache {
namespace {

using namespace std::string_literals;

const KeySpace& Keys() {
  static const KeySpace keys(std::string(32, 'k'), "default");
  return keys;
}

Entry Sample() {
  Entry entry;
  entry.key = Keys().Key(Door::kHttp, {"x"});
  entry.door = Door::kHttp;
  entry.flags = kNegative | 7U << kDoorFlags;
  entry.name = "api:/users?*[\r\n\0:GET"s;
  entry.tags = {"db:app", "table:public.users", ""};
  entry.head = "head";
  entry.body = "body\0\r\n"s;
  entry.position = 77;
  entry.fill_cost = 1'000;
  entry.lifetime = {300, 20, 60};
  return entry;
}

TEST(EntryCodec, GivesBackWhatItWasGiven) {
  const Entry entry = Sample();
  auto decoded = DecodeEntry(EncodeEntry(entry, 1'700'000'000'123, Keys()), entry.key, Keys());
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  const Entry& back = decoded.value().entry;
  EXPECT_EQ(decoded.value().stored_at_unix_ms, 1'700'000'000'123);
  EXPECT_EQ(back.key, entry.key);
  EXPECT_EQ(back.door, entry.door);
  EXPECT_EQ(back.flags, entry.flags);
  EXPECT_EQ(back.name, entry.name);
  EXPECT_EQ(back.tags, entry.tags);
  EXPECT_EQ(back.head, entry.head);
  EXPECT_EQ(back.body, entry.body);
  EXPECT_EQ(back.position, entry.position);
  EXPECT_EQ(back.fill_cost, entry.fill_cost);
  EXPECT_EQ(back.lifetime.ttl, 300);
  EXPECT_EQ(back.lifetime.stale_while_revalidate, 20);
  EXPECT_EQ(back.lifetime.stale_if_error, 60);
  EXPECT_EQ(back.name_hash, Keys().NameHash(entry.name));
  EXPECT_EQ(back.tag_hashes.size(), 3U);
}

TEST(EntryCodec, RefusesEveryTruncation) {
  const Entry entry = Sample();
  const std::string bytes = EncodeEntry(entry, 1, Keys());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(DecodeEntry(bytes.substr(0, length), entry.key, Keys()).ok()) << length;
  }
  EXPECT_FALSE(DecodeEntry(bytes + "x", entry.key, Keys()).ok());
}

TEST(EntryCodec, RefusesEveryFlippedBit) {
  const Entry entry = Sample();
  const std::string bytes = EncodeEntry(entry, 1, Keys());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1U << bit % 8));
    EXPECT_FALSE(DecodeEntry(damaged, entry.key, Keys()).ok()) << bit;
  }
}

TEST(EntryCodec, RefusesAnotherKeySecretOrVersion) {
  const Entry entry = Sample();
  std::string bytes = EncodeEntry(entry, 1, Keys());
  EXPECT_FALSE(DecodeEntry(bytes, Keys().Key(Door::kHttp, {"y"}), Keys()).ok());
  EXPECT_FALSE(DecodeEntry(bytes, entry.key, KeySpace("", "default")).ok());
  EXPECT_FALSE(DecodeEntry(bytes, entry.key, KeySpace(std::string(32, 'l'), "default")).ok());
  bytes[4] = 2;
  const auto other = DecodeEntry(bytes, entry.key, Keys());
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().message.find("version 2"), std::string::npos);
}

/// `bytes` with a right checksum, as one who knows the secret (or needs none) could write it.
std::string Sealed(std::string bytes) {
  bytes.resize(bytes.size() - 16);
  const Hash128 checksum = Keys().Checksum(bytes);
  bytes.append(reinterpret_cast<const char*>(&checksum.low), 8);
  bytes.append(reinterpret_cast<const char*>(&checksum.high), 8);
  return bytes;
}

TEST(EntryCodec, ChecksLengthsBeforeUse) {
  Entry entry = Sample();
  entry.tags.clear();
  entry.name = "name";
  const std::string bytes = EncodeEntry(entry, 1, Keys());
  const std::size_t name_length_at = bytes.find("name") - 4;
  for (const std::size_t at : {name_length_at, name_length_at + 8, name_length_at + 12}) {
    for (const char value : {'\x7f', '\xff'}) {
      std::string lying = bytes;
      lying[at + 3] = value;
      EXPECT_FALSE(DecodeEntry(Sealed(lying), entry.key, Keys()).ok()) << at;
    }
  }
  std::string other_door = bytes;
  other_door[5] = 9;
  EXPECT_FALSE(DecodeEntry(Sealed(other_door), entry.key, Keys()).ok());
  EXPECT_TRUE(DecodeEntry(Sealed(bytes), entry.key, Keys()).ok());
}

TEST(EntryCodec, RefusesMoreTagsAndLongerNamesThanThereMayBe) {
  Entry entry = Sample();
  entry.tags.assign(kTagsMax + 1, "t");
  EXPECT_FALSE(DecodeEntry(EncodeEntry(entry, 1, Keys()), entry.key, Keys()).ok());
  entry.tags.assign(1, std::string(kTagBytesMax + 1, 't'));
  EXPECT_FALSE(DecodeEntry(EncodeEntry(entry, 1, Keys()), entry.key, Keys()).ok());
  entry.tags.clear();
  entry.name = std::string(kNameBytesMax + 1, 'n');
  EXPECT_FALSE(DecodeEntry(EncodeEntry(entry, 1, Keys()), entry.key, Keys()).ok());
  entry.name.pop_back();
  entry.lifetime.ttl = -1;
  EXPECT_FALSE(DecodeEntry(EncodeEntry(entry, 1, Keys()), entry.key, Keys()).ok());
}

}  // namespace
}  // namespace pgsidecar::cache
