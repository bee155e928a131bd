// Transport with TLS inside; without it: socket_test.cc.

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <vector>

#include "net/socket.h"
#include "unit/net/tls_fixture.h"

namespace pgsidecar::net {
namespace {

class TlsTransportTest : public TlsTest {
 protected:
  static std::string Receive(Transport& transport, std::size_t size = 1 << 16) {
    std::string into(size, '\0');
    const IoResult got = transport.Receive(into.data(), into.size());
    into.resize(got.bytes);
    return into;
  }
  static IoStatus ReceiveStatus(Transport& transport) {
    char byte = 0;
    return transport.Receive(&byte, 1).status;
  }
  static void ShrinkBuffers(int fd) {
    const int size = 1;  // The kernel makes it its minimum.
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
};

class TlsVersionTest : public TlsTransportTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, TlsVersionTest,
                         ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

/// One direction of a byte-for-byte comparison: random pieces of a text, from a place that moves.
class Stream {
 public:
  Stream(Transport& from, Transport& to, std::mt19937& random)
      : from_(from), to_(to), random_(random), text_(kBytes, '\0') {
    for (char& each : text_) each = static_cast<char>(random());
  }

  bool done() const { return received_.size() == text_.size(); }
  int partial_sends() const { return partial_sends_; }
  bool intact() const { return received_ == text_; }

  void Send() {
    // After less than all was taken, the next piece has at least the rest.
    const std::size_t size = std::min(std::max(rest_, 1 + Upto(40'000)), text_.size() - sent_);
    const std::vector<char> piece(text_.begin() + static_cast<std::ptrdiff_t>(sent_),
                                  text_.begin() + static_cast<std::ptrdiff_t>(sent_ + size));
    const IoResult sent = from_.Send(std::string_view(piece.data(), piece.size()));
    ASSERT_NE(sent.status, IoStatus::kFailed);
    sent_ += sent.bytes;
    rest_ = size - sent.bytes;
    if (sent.bytes > 0 && rest_ > 0) ++partial_sends_;
  }

  void Receive() {
    std::vector<char> window(1 + Upto(70'000));
    const IoResult got = to_.Receive(window.data(), window.size());
    ASSERT_TRUE(got.status == IoStatus::kDone || got.status == IoStatus::kBlocked);
    received_.append(window.data(), got.bytes);
  }

 private:
  static constexpr std::size_t kBytes = 10'000'000;
  std::size_t Upto(std::size_t limit) { return random_() % limit; }

  Transport& from_;
  Transport& to_;
  std::mt19937& random_;
  std::string text_;
  std::size_t sent_ = 0;
  std::size_t rest_ = 0;
  std::string received_;
  int partial_sends_ = 0;
};

TEST_P(TlsVersionTest, EveryByteArrivesInBothDirectionsThroughTinySocketBuffers) {
  TlsPair pair = Connect(GetParam());
  ShrinkBuffers(pair.server.fd());
  ShrinkBuffers(pair.client.fd());
  std::mt19937 random(1);
  Stream up(pair.client, pair.server, random);
  Stream down(pair.server, pair.client, random);
  while (!(up.done() && down.done()) && !HasFailure()) {
    if (random() % 2 == 0) up.Send();
    if (random() % 2 == 0) down.Send();
    if (random() % 2 == 0) up.Receive();
    if (random() % 2 == 0) down.Receive();
  }
  EXPECT_TRUE(up.intact());
  EXPECT_TRUE(down.intact());
  EXPECT_GT(up.partial_sends(), 0);
}

TEST_P(TlsVersionTest, OneReceiveTakesAllRecordsAtHand) {
  TlsPair pair = Connect(GetParam());
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    const std::string record = std::to_string(i) + ",";
    ASSERT_EQ(pair.server.Send(record).bytes, record.size());
    sent += record;
  }
  EXPECT_EQ(Receive(pair.client), sent);
  EXPECT_FALSE(pair.client.pending());
  EXPECT_EQ(ReceiveStatus(pair.client), IoStatus::kBlocked);
}

TEST_P(TlsVersionTest, ASmallWindowLeavesBytesThatArePending) {
  TlsPair pair = Connect(GetParam());
  const std::string sent(10'000, 'x');
  ASSERT_EQ(pair.server.Send(sent).bytes, sent.size());
  EXPECT_EQ(Receive(pair.client, 4096).size(), 4096U);
  EXPECT_TRUE(pair.client.pending());
  EXPECT_EQ(Receive(pair.client, 4096).size(), 4096U);
  EXPECT_TRUE(pair.client.pending());
  EXPECT_EQ(Receive(pair.client, 4096).size(), 10'000U - 8192U);
  EXPECT_FALSE(pair.client.pending());
}

TEST_P(TlsVersionTest, AFullWindowWithNothingBehindItIsNotPending) {
  TlsPair pair = Connect(GetParam());
  ASSERT_EQ(pair.server.Send("12345678").bytes, 8U);
  EXPECT_EQ(Receive(pair.client, 8).size(), 8U);
  EXPECT_FALSE(pair.client.pending());
}

TEST_P(TlsVersionTest, HalfARecordIsPendingOnceAtMost) {
  TlsPair pair = Connect(GetParam());
  // A middleman delivers one record and a half.
  auto [a, b] = SocketPair();
  BIO* const bio = NewSocketBio(a.get());
  SSL_set0_wbio(pair.server_ssl, bio);
  ASSERT_EQ(pair.server.Send("first").bytes, 5U);
  ASSERT_EQ(pair.server.Send("second").bytes, 6U);
  std::array<char, 256> records{};
  const ssize_t got = ::recv(b.get(), records.data(), records.size(), 0);
  ASSERT_GT(got, 20);
  const auto size = static_cast<std::size_t>(got);
  ASSERT_EQ(::send(pair.server.fd(), records.data(), size - 10, 0), got - 10);
  EXPECT_EQ(Receive(pair.client, 5), "first");
  EXPECT_EQ(ReceiveStatus(pair.client), IoStatus::kBlocked);
  EXPECT_FALSE(pair.client.pending()) << "a loop that asks again would spin";
  ASSERT_EQ(::send(pair.server.fd(), records.data() + size - 10, 10, 0), 10);
  EXPECT_EQ(Receive(pair.client), "second");
}

TEST_P(TlsVersionTest, ClientsCloseNotifyIsAnEndAndWeMayGoOnSending) {
  TlsPair pair = Connect(GetParam());
  ASSERT_EQ(pair.client.Send("bye").bytes, 3U);
  pair.client.ShutdownWrite();
  EXPECT_EQ(Receive(pair.server), "bye");
  EXPECT_TRUE(pair.server.pending()) << "the end behind the bytes";
  EXPECT_EQ(ReceiveStatus(pair.server), IoStatus::kEnd);
  EXPECT_FALSE(pair.server.pending());
  EXPECT_EQ(ReceiveStatus(pair.server), IoStatus::kEnd);
  EXPECT_EQ(pair.server.Send("last words").bytes, 10U);
  pair.server.ShutdownWrite();
  EXPECT_EQ(Receive(pair.client), "last words");
  EXPECT_EQ(ReceiveStatus(pair.client), IoStatus::kEnd);
}

TEST_P(TlsVersionTest, ServersCloseNotifyIsAnEndAndWeMayGoOnSending) {
  TlsPair pair = Connect(GetParam());
  pair.server.ShutdownWrite();
  EXPECT_EQ(ReceiveStatus(pair.client), IoStatus::kEnd);
  EXPECT_EQ(pair.client.Send("last words").bytes, 10U);
  EXPECT_EQ(Receive(pair.server), "last words");
}

TEST_P(TlsVersionTest, AClientThatJustClosesHasEnded) {
  TlsPair pair = Connect(GetParam());
  ASSERT_EQ(pair.client.Send("bye").bytes, 3U);
  pair.client.Close();
  EXPECT_EQ(Receive(pair.server), "bye");
  EXPECT_EQ(ReceiveStatus(pair.server), IoStatus::kEnd);
}

TEST_P(TlsVersionTest, AServerThatJustClosesHasFailed) {
  TlsPair pair = Connect(GetParam());
  ASSERT_EQ(pair.server.Send("cut of").bytes, 6U);
  pair.server.Close();
  EXPECT_EQ(Receive(pair.client), "cut of");
  EXPECT_TRUE(pair.client.pending());
  EXPECT_EQ(ReceiveStatus(pair.client), IoStatus::kFailed);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_EQ(pair.client.failure_text(), "unexpected eof while reading");
  EXPECT_EQ(pair.client.Send("x").status, IoStatus::kFailed) << "and stays so";
}

TEST_P(TlsVersionTest, SendingToAPeerThatIsGoneFailsWithoutASignal) {
  TlsPair pair = Connect(GetParam());
  pair.client.Close();
  EXPECT_EQ(pair.server.Send("x").status, IoStatus::kFailed);
  EXPECT_EQ(errno, EPIPE);
  EXPECT_EQ(pair.server.failure_text(), "broken pipe");
}

/// What happens inside OpenSSL between the system call and its return may change errno.
long OverwriteErrno(BIO* /*bio*/, int /*operation*/, const char* /*bytes*/, std::size_t /*size*/,
                    int /*number*/, long /*other*/, int result, std::size_t* /*processed*/) {
  errno = 0;
  return result;
}

TEST_P(TlsVersionTest, KnowsWhyTheSocketFailedAlthoughErrnoChanged) {
  TlsPair pair = Connect(GetParam());
  pair.client.Close();
  BIO_set_callback_ex(SSL_get_wbio(pair.server_ssl), &OverwriteErrno);
  EXPECT_EQ(pair.server.Send("x").status, IoStatus::kFailed);
  EXPECT_EQ(errno, EPIPE);
  EXPECT_EQ(pair.server.failure_text(), "broken pipe");
}

TEST_P(TlsVersionTest, ForgedBytesAreAFailure) {
  TlsPair pair = Connect(GetParam());
  const std::string forged("\x17\x03\x03\x00\x20", 5);
  const std::string record = forged + std::string(32, 'x');
  ASSERT_EQ(::send(pair.client.fd(), record.data(), record.size(), 0),
            static_cast<ssize_t>(record.size()));
  EXPECT_EQ(ReceiveStatus(pair.server), IoStatus::kFailed);
  EXPECT_EQ(errno, EPROTO);
  EXPECT_NE(pair.server.failure_text(), "");
}

TEST_P(TlsVersionTest, MovesWithItsConnection) {
  TlsPair pair = Connect(GetParam());
  ASSERT_EQ(pair.server.Send("abcdef").bytes, 6U);
  EXPECT_EQ(Receive(pair.client, 3), "abc");
  Transport moved = std::move(pair.client);
  EXPECT_TRUE(moved.encrypted());
  EXPECT_TRUE(moved.pending());
  EXPECT_EQ(Receive(moved), "def");
  EXPECT_FALSE(pair.client.pending());  // NOLINT(bugprone-use-after-move)
}

TEST_F(TlsTransportTest, RefusesRenegotiation) {
  TlsPair pair = Connect(TLS1_2_VERSION);
  SSL_clear_options(pair.client_ssl, SSL_OP_NO_RENEGOTIATION);
  ASSERT_EQ(SSL_renegotiate(pair.client_ssl), 1);
  SSL_do_handshake(pair.client_ssl);  // Sends the hello.
  EXPECT_EQ(ReceiveStatus(pair.server), IoStatus::kBlocked);
  // The answer is an alert, which for the client is the end.
  EXPECT_EQ(ReceiveStatus(pair.client), IoStatus::kFailed);
  EXPECT_EQ(pair.client.failure_text(), "no renegotiation");
}

TEST_F(TlsTransportTest, KeysMayBeUpdatedInTheMiddle) {
  TlsPair pair = Connect(TLS1_3_VERSION);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(SSL_key_update(pair.client_ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(pair.client.Send("up").bytes, 2U);
    EXPECT_EQ(Receive(pair.server), "up");
    ASSERT_EQ(pair.server.Send("down").bytes, 4U);
    EXPECT_EQ(Receive(pair.client), "down");
  }
}

TEST_F(TlsTransportTest, AKeyUpdateThatTheSocketDoesNotTakeHoldsReceivingUp) {
  TlsPair pair = Connect(TLS1_3_VERSION);
  ShrinkBuffers(pair.server.fd());
  while (::send(pair.server.fd(), "x", 1, 0) == 1) {  // Full to the last byte.
  }
  ASSERT_EQ(SSL_key_update(pair.client_ssl, SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_EQ(pair.client.Send("up").bytes, 2U);
  EXPECT_EQ(Receive(pair.server), "up");
  EXPECT_EQ(pair.server.Send("down").status, IoStatus::kBlocked);
  ASSERT_EQ(pair.client.Send("more").bytes, 4U);
  EXPECT_EQ(ReceiveStatus(pair.server), IoStatus::kBlocked);
  EXPECT_TRUE(pair.server.wants_write());
  std::array<char, 1 << 16> junk{};
  while (::recv(pair.client.fd(), junk.data(), junk.size(), 0) > 0) {
  }
  EXPECT_EQ(Receive(pair.server), "more");
  EXPECT_FALSE(pair.server.wants_write());
  EXPECT_EQ(pair.server.Send("down").bytes, 4U);
  EXPECT_EQ(Receive(pair.client), "down");
}

TEST_P(TlsVersionTest, EveryRecordThatWentOutCountsAtOnce) {
  TlsPair pair = Connect(GetParam());
  const std::string bytes(100'000, 'x');
  ShrinkBuffers(pair.server.fd());
  EXPECT_EQ(pair.server.Send(bytes).status, IoStatus::kBlocked) << "not even one record fits";
  std::size_t received = 0;
  std::size_t sent = 0;
  for (int i = 0; i < 10'000 && sent < bytes.size(); ++i) {
    received += Receive(pair.client).size();
    sent += pair.server.Send(std::string_view(bytes).substr(sent)).bytes;
    EXPECT_LE(received, sent + 16'384);
  }
  EXPECT_EQ(sent, bytes.size());
}

TEST_F(TlsTransportTest, ActivationDeliversWhatTheKernelDoesNotAnnounce) {
  struct Reader : FdHandler {
    void OnReadable() override {
      received += Receive(*transport, 1000);
      if (transport->pending()) watcher->Activate();
    }
    void OnWritable() override {}
    Transport* transport = nullptr;
    FdWatcher* watcher = nullptr;
    std::string received;
  } reader;
  TlsPair pair = Connect();
  FdWatcher watcher(loop_, reader);
  reader.transport = &pair.client;
  reader.watcher = &watcher;
  watcher.Attach(pair.client.fd());
  watcher.WatchRead(true);
  const std::string sent(16'000, 'x');
  ASSERT_EQ(pair.server.Send(sent).bytes, sent.size());
  RunUntil([&] { return reader.received == sent; });
}

}  // namespace
}  // namespace pgsidecar::net
