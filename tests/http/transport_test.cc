// The bytes of a connection, plain and over TLS, between two ends in one thread.
#include "bridge/http/transport.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>

#include "boost/asio/error.hpp"
#include "bridge/base/server_tls.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/certificates.h"
#include "tests/http/tls_client.h"

namespace sluice {
namespace {

namespace error = boost::asio::error;
using Error = boost::system::error_code;

std::vector<iovec> Buffers(const std::vector<std::string>& texts) {
  std::vector<iovec> buffers;
  for (const std::string& text : texts) {
    buffers.push_back({const_cast<char*>(text.data()), text.size()});
  }
  return buffers;
}

// A server's end, and the client's bare socket. The kernel holds little.
class TransportTest : public testing::Test {
 protected:
  TransportTest() : socket_(context_) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const int little = 4096;
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
    socket_.assign(boost::asio::ip::tcp::v4(), ends[0]);
    client_socket_ = ends[1];
  }
  ~TransportTest() override { ::close(client_socket_); }

  Transport Plain() { return Transport(std::move(socket_)); }
  // Before the handshake.
  Transport Tls() {
    const TestFolder folder;
    const TestCertificate pair = TestAuthority().Issue("DNS:localhost");
    const ServerTlsOptions options{.certificate_file = folder.Write("c.pem", pair.certificate),
                                   .key_file = folder.Write("k.pem", pair.key)};
    const TlsContextPtr made = MakeTlsContext(options, ReadServerTls(options).value()).value();
    return Transport(std::move(socket_), TlsPtr(SSL_new(made.get())));
  }
  void ConnectClient() {
    client_ = NewClientTls({});
    // It never waits: both ends are served by this thread.
    BIO* in_and_out = BIO_new_socket(client_socket_, BIO_NOCLOSE);
    const int flags = ::fcntl(client_socket_, F_GETFL);
    ::fcntl(client_socket_, F_SETFL, flags | O_NONBLOCK);
    SSL_set_bio(client_.get(), in_and_out, in_and_out);
  }
  Transport HandshakenTls() {
    Transport transport = Tls();
    ConnectClient();
    for (bool client = false, server = false; !client || !server;) {
      client = client || SSL_do_handshake(client_.get()) == 1;
      Error failed;
      transport.Handshake(failed);
      EXPECT_TRUE(!failed || failed == error::would_block) << failed.message();
      server = !failed;
    }
    return transport;
  }
  // What the client gets now; at most `count` bytes.
  std::string ClientReads(size_t count) {
    std::string bytes(count, '\0');
    size_t got = 0;
    if (SSL_read_ex(client_.get(), bytes.data(), count, &got) != 1) got = 0;
    bytes.resize(got);
    return bytes;
  }
  std::string ClientReadsAll() {
    std::string all;
    for (std::string some = ClientReads(65536); !some.empty(); some = ClientReads(65536)) {
      all += some;
    }
    return all;
  }
  std::string OffTheWire() {
    std::string bytes(1 << 20, '\0');
    const ssize_t count = ::recv(client_socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
    return bytes;
  }

  static std::string Read(Transport& transport, size_t count, Error& failed) {
    std::string bytes(count, '\0');
    bytes.resize(transport.ReadSome(bytes, failed));
    return bytes;
  }

  boost::asio::io_context context_;
  TcpSocket socket_;
  int client_socket_ = -1;
  ClientTlsPtr client_{nullptr, SSL_free};
};

TEST_F(TransportTest, PlainTellsWhatTheSocketTook) {
  Transport transport = Plain();
  Error failed;
  EXPECT_EQ(transport.WriteSome(Buffers({"one", "", "two"}), failed), 6u);
  EXPECT_FALSE(failed);
  EXPECT_EQ(OffTheWire(), "onetwo");
  const std::string much(1 << 20, 'x');
  const size_t taken = transport.WriteSome(Buffers({much}), failed);
  EXPECT_FALSE(failed);
  EXPECT_GT(taken, 0u);
  EXPECT_LT(taken, much.size());
  while (transport.WriteSome(Buffers({much}), failed) > 0) {
  }
  EXPECT_EQ(failed, error::would_block);
  EXPECT_FALSE(transport.pending());
  EXPECT_FALSE(transport.secure());
}

TEST_F(TransportTest, PlainReadsUntilTheEnd) {
  Transport transport = Plain();
  Error failed;
  EXPECT_EQ(Read(transport, 10, failed), "");
  EXPECT_EQ(failed, error::would_block);
  ::send(client_socket_, "hello", 5, 0);
  EXPECT_TRUE(transport.readable());
  EXPECT_EQ(Read(transport, 3, failed), "hel");
  EXPECT_EQ(Read(transport, 3, failed), "lo");
  ::shutdown(client_socket_, SHUT_WR);
  EXPECT_EQ(Read(transport, 3, failed), "");
  EXPECT_EQ(failed, error::eof);
}

TEST_F(TransportTest, PlainToNobodyIsAnErrorAndNoSignal) {
  Transport transport = Plain();
  ::shutdown(client_socket_, SHUT_RDWR);
  Error failed;
  transport.WriteSome(Buffers({"x"}), failed);
  EXPECT_EQ(failed, error::broken_pipe);
}

TEST_F(TransportTest, TlsToNobodyIsAnErrorAndNoSignal) {
  Transport transport = HandshakenTls();
  ::shutdown(client_socket_, SHUT_RDWR);
  Error failed;
  transport.WriteSome(Buffers({"x"}), failed);
  EXPECT_EQ(failed, error::broken_pipe);
  transport.Shutdown();
}

TEST_F(TransportTest, TlsToNobodyIsAnErrorThoughAReadHadToWait) {
  Transport transport = HandshakenTls();
  Error failed;
  EXPECT_EQ(Read(transport, 1, failed), "");
  EXPECT_EQ(failed, error::would_block);
  ::shutdown(client_socket_, SHUT_RDWR);
  transport.WriteSome(Buffers({"x"}), failed);
  EXPECT_EQ(failed, error::broken_pipe);
}

TEST_F(TransportTest, ShakesHandsWhateverPiecesTheHelloComesIn) {
  Transport transport = Tls();
  const ClientTlsPtr hello = NewClientTls({});
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(hello.get(), BIO_new(BIO_s_mem()), out);
  SSL_do_handshake(hello.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  ASSERT_GT(size, 100);
  Error failed;
  for (long i = 0; i < size; ++i) {
    transport.Handshake(failed);
    ASSERT_EQ(failed, error::would_block);
    ASSERT_EQ(OffTheWire(), "") << "nothing is said before the hello is whole";
    ::send(client_socket_, bytes + i, 1, 0);
  }
  transport.Handshake(failed);
  EXPECT_EQ(failed, error::would_block) << "it waits for the client's part";
  EXPECT_NE(OffTheWire(), "");
}

TEST_F(TransportTest, PutsSmallFramesIntoOneRecord) {
  Transport transport = HandshakenTls();
  ClientReadsAll();
  const std::vector<std::string> frames(100, "a frame");
  Error failed;
  EXPECT_EQ(transport.WriteSome(Buffers(frames), failed), 700u);
  const std::string wire = OffTheWire();
  ASSERT_GT(wire.size(), 5u);
  const size_t record =
      5 + static_cast<unsigned char>(wire[3]) * 256 + static_cast<unsigned char>(wire[4]);
  EXPECT_EQ(record, wire.size());
}

TEST_F(TransportTest, KeepsARecordThatTheSocketDidNotTake) {
  Transport transport = HandshakenTls();
  const std::string much(1 << 20, 'x');
  Error failed;
  const size_t taken = transport.WriteSome(Buffers({much}), failed);
  EXPECT_FALSE(failed);
  EXPECT_LT(taken, much.size());
  EXPECT_TRUE(transport.pending());
  // Nothing more is taken, whatever it is.
  EXPECT_EQ(transport.WriteSome(Buffers({"y"}), failed), 0u);
  EXPECT_EQ(failed, error::would_block);
  // What comes next goes behind it.
  std::string got = ClientReadsAll();
  for (size_t next = 0; next == 0;) {
    next = transport.WriteSome(Buffers({"y"}), failed);
    got += ClientReadsAll();
  }
  EXPECT_EQ(got, much.substr(0, taken) + "y");
  EXPECT_FALSE(transport.pending());
}

TEST_F(TransportTest, AllArrivesInOrderWhateverIsWrittenAndRead) {
  Transport transport = HandshakenTls();
  std::minstd_rand random(7);
  const auto up_to = [&](size_t max) { return random() % (max + 1); };
  std::string sent;
  std::string got;
  for (int round = 0; round < 3'000; ++round) {
    std::vector<std::string> texts(up_to(5));
    for (std::string& text : texts) {
      text.resize(up_to(random() % 4 == 0 ? 40'000 : 300));
      for (char& c : text) c = static_cast<char>(random());
    }
    Error failed;
    const std::vector<iovec> buffers = Buffers(texts);
    size_t taken = transport.WriteSome(buffers, failed);
    ASSERT_TRUE(!failed || failed == error::would_block) << failed.message();
    for (const std::string& text : texts) {
      sent += text.substr(0, std::min(taken, text.size()));
      taken -= std::min(taken, text.size());
    }
    if (random() % 3 == 0) got += ClientReads(1 + up_to(20'000));
    ASSERT_EQ(sent.compare(0, got.size(), got), 0) << "in round " << round;
  }
  Error failed;
  do {
    transport.WriteSome({}, failed);
    got += ClientReadsAll();
  } while (transport.pending());
  got += ClientReadsAll();
  EXPECT_TRUE(got == sent) << got.size() << " of " << sent.size();
  EXPECT_GT(sent.size(), 1'000'000u);
}

TEST_F(TransportTest, ReadsARecordInPartsAndWaitsForNoneThatIsHalf) {
  Transport transport = HandshakenTls();
  SSL_write(client_.get(), "hello", 5);
  Error failed;
  EXPECT_EQ(Read(transport, 3, failed), "hel");
  EXPECT_TRUE(transport.readable()) << "though the socket has nothing";
  EXPECT_EQ(Read(transport, 3, failed), "lo");
  EXPECT_FALSE(transport.readable());

  ::send(client_socket_, "\x17\x03\x03\x00", 4, 0);
  EXPECT_EQ(Read(transport, 3, failed), "");
  EXPECT_EQ(failed, error::would_block);
  EXPECT_FALSE(transport.readable()) << "or it would be asked again and again";
}

TEST_F(TransportTest, SaysGoodbyeBehindWhatIsPending) {
  Transport transport = HandshakenTls();
  const std::string much(1 << 20, 'x');
  Error failed;
  const size_t taken = transport.WriteSome(Buffers({much}), failed);
  transport.Shutdown();
  EXPECT_TRUE(transport.pending());
  std::string got;
  while (transport.pending()) {
    got += ClientReadsAll();
    transport.WriteSome({}, failed);
  }
  transport.Shutdown();
  got += ClientReadsAll();
  EXPECT_EQ(got.size(), taken);
  EXPECT_TRUE(SSL_get_shutdown(client_.get()) & SSL_RECEIVED_SHUTDOWN);
  char byte;
  EXPECT_EQ(::recv(client_socket_, &byte, 1, 0), 0) << "and then the socket's";
}

TEST_F(TransportTest, AnEndWithoutGoodbyeIsAnEnd) {
  Transport transport = HandshakenTls();
  SSL_write(client_.get(), "hi", 2);
  ::shutdown(client_socket_, SHUT_WR);
  Error failed;
  EXPECT_EQ(Read(transport, 10, failed), "hi");
  EXPECT_EQ(Read(transport, 10, failed), "");
  EXPECT_EQ(failed, error::eof);
}

TEST_F(TransportTest, FailsOnceARecordIsNotWhatWasSent) {
  Transport transport = HandshakenTls();
  ::send(client_socket_, "\x17\x03\x03\x00\x14not encrypted by any", 25, 0);
  Error failed;
  EXPECT_EQ(Read(transport, 10, failed), "");
  EXPECT_TRUE(failed && failed != error::would_block && failed != error::eof);
}

TEST_F(TransportTest, ABoundOnWhatAClientMakesItSay) {
  Transport transport = HandshakenTls();
  Error failed;
  // Asks for new keys, again and again, and never reads the answers.
  for (int i = 0; i < 100'000 && (!failed || failed == error::would_block); ++i) {
    SSL_key_update(client_.get(), SSL_KEY_UPDATE_REQUESTED);
    ASSERT_EQ(SSL_do_handshake(client_.get()), 1);
    Read(transport, 10, failed);
  }
  EXPECT_EQ(failed, error::no_buffer_space);
}

}  // namespace
}  // namespace sluice
