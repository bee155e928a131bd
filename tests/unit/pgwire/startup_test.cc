#include "pgwire/startup.h"

#include <gtest/gtest.h>

#include "unit/pgwire/messages.h"

namespace pgsidecar::pgwire {
namespace {

using namespace testing;

std::string Packet(std::uint32_t code, std::string_view rest = {}) {
  return Int32(static_cast<std::uint32_t>(rest.size() + 8)) + Int32(code) + std::string(rest);
}
constexpr std::uint32_t kProtocol3 = 3U << 16;

TEST(FirstPacket, ReadsTheNamesOfAStartupMessage) {
  const FirstPacket packet =
      ParseFirstPacket(Packet(kProtocol3, Zero("user") + Zero("ann") + Zero("application_name") +
                                              Zero("psql") + Zero("x.y") + Zero("z") + '\0'));
  EXPECT_EQ(packet.kind, FirstPacketKind::kStartup);
  EXPECT_EQ(packet.user, "ann");
  EXPECT_EQ(packet.database, "ann");
  EXPECT_EQ(packet.application_name, "psql");
  EXPECT_FALSE(packet.replication);
  EXPECT_EQ(packet.major, 3);
  EXPECT_EQ(packet.minor, 0);
}

TEST(FirstPacket, WaitsForTheWholePacket) {
  const std::string bytes = Packet(kProtocol3 + 2, Zero("user") + Zero("ann") + '\0');
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseFirstPacket(bytes.substr(0, size)).kind, FirstPacketKind::kIncomplete) << size;
  }
  EXPECT_EQ(ParseFirstPacket(bytes).minor, 2);
}

TEST(FirstPacket, TellsTheRequestsApart) {
  EXPECT_EQ(ParseFirstPacket(Packet(80877103)).kind, FirstPacketKind::kSslRequest);
  EXPECT_EQ(ParseFirstPacket(Packet(80877104)).kind, FirstPacketKind::kGssencRequest);
  EXPECT_EQ(ParseFirstPacket(Packet(80877103, "x")).kind, FirstPacketKind::kMalformed);
  EXPECT_EQ(ParseFirstPacket("\x16\x03\x01").kind, FirstPacketKind::kDirectTls);
  EXPECT_EQ(ParseFirstPacket(Packet(2U << 16)).major, 2);
}

TEST(FirstPacket, BoundsTheCancelKey) {
  const auto kind = [](std::size_t secret) {
    return ParseFirstPacket(Packet(80877102, std::string(4 + secret, 'k'))).kind;
  };
  EXPECT_EQ(kind(3), FirstPacketKind::kMalformed);
  EXPECT_EQ(kind(4), FirstPacketKind::kCancelRequest);
  EXPECT_EQ(kind(256), FirstPacketKind::kCancelRequest);
  EXPECT_EQ(kind(257), FirstPacketKind::kMalformed);
}

TEST(FirstPacket, RefusesLengthsThatPostgresRefuses) {
  for (const std::uint32_t length : {0U, 3U, 7U, 10'001U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    EXPECT_EQ(ParseFirstPacket(Int32(length)).kind, FirstPacketKind::kMalformed) << length;
  }
  EXPECT_EQ(ParseFirstPacket(Int32(kStartupPacketMax)).kind, FirstPacketKind::kIncomplete);
}

TEST(FirstPacket, ReadsReplicationAsPostgresDoes) {
  const auto replication = [](std::string_view value) {
    return ParseFirstPacket(Packet(kProtocol3, Zero("replication") + Zero(value) + '\0'))
        .replication;
  };
  EXPECT_TRUE(replication("true"));
  EXPECT_TRUE(replication("database"));
  EXPECT_FALSE(replication("off"));
  EXPECT_FALSE(replication("0"));
}

TEST(FatalResponse, CarriesTheFourFields) {
  EXPECT_EQ(FatalResponse("08001", "pgsidecar: no"),
            Message('E', "S" + Zero("FATAL") + "V" + Zero("FATAL") + "C" + Zero("08001") + "M" +
                             Zero("pgsidecar: no") + '\0'));
}

}  // namespace
}  // namespace pgsidecar::pgwire
