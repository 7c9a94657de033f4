// HTTP over TLS, with clients good and bad.
#include <csignal>

#include "absl/time/clock.h"
#include "tests/fakes/certificates.h"
#include "tests/fakes/fake_clock.h"
#include "tests/http/call_fixture.h"
#include "tests/http/tls_client.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class TlsTest : public CallFixture {
 protected:
  TlsTest() {
    std::signal(SIGPIPE, SIG_IGN);  // for the clients
    ServerTlsOptions& tls = options_.tls.emplace();
    tls.certificate_file = folder_.Write("c.pem", pair_.certificate);
    tls.key_file = folder_.Write("k.pem", pair_.key);
  }

  // At once, both.
  void Replace(const TestCertificate& pair) const {
    const std::string& folder = folder_.path();
    folder_.Write("next-c.pem", pair.certificate);
    folder_.Write("next-k.pem", pair.key);
    std::filesystem::rename(folder + "/next-c.pem", folder + "/c.pem");
    std::filesystem::rename(folder + "/next-k.pem", folder + "/k.pem");
  }
  TlsClient ConnectTls(const TlsClientOptions& options = {}) const {
    return TlsClient(server_->address(), options);
  }
  TlsClient OpenTlsStream(std::string_view target, const TlsClientOptions& options = {}) const {
    TlsClient client = ConnectTls(options);
    EXPECT_EQ(client.Get(target).ReadResponse().status, 200);
    EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("event: hello\n"));
    return client;
  }
  // Polls: nobody tells a test that a thread of another library has got there.
  template <typename Condition>
  static bool Eventually(Condition condition) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (!condition()) {
      if (absl::Now() > deadline) return false;
      absl::SleepFor(absl::Milliseconds(1));
    }
    return true;
  }
  const TestFolder folder_;
  const TestAuthority authority_;
  const TestCertificate pair_ = authority_.Issue("DNS:localhost,IP:127.0.0.1");
};

TEST_F(TlsTest, SpeaksTls13AndHttp11) {
  Start();
  TlsClient client = ConnectTls({.ca = authority_.certificate()});
  ASSERT_TRUE(client.handshaken());
  EXPECT_STREQ(SSL_get_version(client.tls()), "TLSv1.3");
  EXPECT_EQ(client.protocol(), "http/1.1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Get("/health").ReadResponse().status, 200);
}

TEST_F(TlsTest, SpeaksTls12WithForwardSecrecyOnly) {
  Start();
  TlsClient client = ConnectTls({.version = TLS1_2_VERSION, .protocols = ""});
  ASSERT_TRUE(client.handshaken());
  EXPECT_THAT(SSL_get_cipher_name(client.tls()), StartsWith("ECDHE-"));
  EXPECT_EQ(client.protocol(), "");
  EXPECT_EQ(client.Get("/health").ReadResponse().status, 200);
}

TEST_F(TlsTest, RefusesWhatIsOlder) {
  Start();
  EXPECT_FALSE(ConnectTls({.version = TLS1_1_VERSION}).handshaken());
  EXPECT_FALSE(ConnectTls({.version = TLS1_VERSION}).handshaken());
  EXPECT_TRUE(Eventually([&] { return Refusals(Reason::kTlsFailed) == 2; }));
}

TEST_F(TlsTest, RefusesAClientThatSpeaksNoHttp11) {
  Start();
  EXPECT_FALSE(ConnectTls({.protocols = std::string("\x02h2", 3)}).handshaken());
}

TEST_F(TlsTest, TellsAClientThatSpeaksPlainHttp) {
  Start();
  const RawResponse response = Get("/health");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("https"));
  EXPECT_EQ(Refusals(Reason::kTlsFailed), 1u);
}

TEST_F(TlsTest, ClosesOnWhatIsNoTls) {
  Start();
  // Whole records of nonsense, a hello cut in half, and one that says it is huge.
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x00\x05hello", 10), std::string(1000, '\xff'),
        std::string("\x16\x03\x01\xff\xff", 5), std::string("\x15\x03\x01\x00\x02\x02\x28", 7),
        std::string("OPTIONS * HTTP/1.1\r\n\r\n")}) {
    RawClient client = Connect();
    client.Send(bytes).ReadAll();
  }
  EXPECT_TRUE(Eventually([&] { return Refusals(Reason::kTlsFailed) == 5; }));
  EXPECT_EQ(ConnectTls().Get("/health").ReadResponse().status, 200);
}

TEST_F(TlsTest, GivesUpOnAHandshakeThatDoesNotGoOn) {
  options_.request_timeout = absl::Milliseconds(50);
  Start();
  EXPECT_TRUE(Connect().Closed());
  EXPECT_TRUE(Connect().Send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8)).Closed());
  EXPECT_TRUE(Eventually([&] { return Refusals(Reason::kTlsFailed) == 2; }));
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
}

TEST_F(TlsTest, DoesNotCountWhoOnlyLooksWhetherThePortIsOpen) {
  Start();
  { EXPECT_TRUE(Connect().connected()); }
  EXPECT_EQ(ConnectTls().Get("/health").ReadResponse().status, 200);
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  EXPECT_EQ(Refusals(Reason::kTlsFailed), 0u);
}

TEST_F(TlsTest, StreamsAndSaysGoodbye) {
  Start();
  TlsClient client = OpenTlsStream("/open/1");
  Publish(MakeEvent("open/1", "one"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("data: one\n"));
  Event end = MakeEvent("open/1", "over");
  end.end_of_stream = true;
  Publish(std::move(end));
  EXPECT_THAT(client.ReadAll(), HasSubstr("data: over\n"));
  EXPECT_TRUE(client.told_goodbye());
  EXPECT_EQ(Disconnects(Reason::kEndOfStream), 0u) << "it waits for the client's goodbye";
  SSL_shutdown(client.tls());
  EXPECT_TRUE(Eventually([&] { return Disconnects(Reason::kEndOfStream) == 1; }));
}

TEST_F(TlsTest, NoticesAClientThatLeavesWithAndWithoutGoodbye) {
  Start();
  {
    TlsClient polite = OpenTlsStream("/open/1");
    SSL_shutdown(polite.tls());
    EXPECT_TRUE(Eventually([&] { return Disconnects(Reason::kClientLeft) == 1; }));
  }
  { TlsClient hasty = OpenTlsStream("/open/1"); }
  EXPECT_TRUE(Eventually([&] { return Disconnects(Reason::kClientLeft) == 2; }));
}

TEST_F(TlsTest, GivesAReaderThatWasSlowEverythingInOrder) {
  Start();
  TlsClient slow = OpenTlsStream("/open/1");
  TlsClient quick = OpenTlsStream("/open/1");
  const std::string filling(10'000, 'x');
  constexpr int kEvents = 1'500;  // more than the kernel holds, within what the log does
  const auto data = [&](int i) { return std::to_string(i) + filling; };
  for (int i = 0; i < kEvents; ++i) Publish(MakeEvent("open/1", data(i)));
  for (TlsClient* client : {&quick, &slow}) {
    for (int i = 0; i < kEvents; ++i) {
      ASSERT_THAT(client->ReadUntil("\n\n"), HasSubstr("data: " + data(i) + "\n"));
    }
  }
  Publish(MakeEvent("open/1", "last"));
  EXPECT_THAT(slow.ReadUntil("\n\n"), HasSubstr("data: last\n"));
}

TEST_F(TlsTest, DoesNotRenegotiate) {
  Start();
  TlsClient client = OpenTlsStream("/open/1", {.version = TLS1_2_VERSION});
  SSL_renegotiate(client.tls());
  EXPECT_NE(SSL_do_handshake(client.tls()), 1);
  EXPECT_EQ(ConnectTls().Get("/health").ReadResponse().status, 200);
}

TEST_F(TlsTest, TakesNewKeysButNotForEver) {
  Start();
  TlsClient client = OpenTlsStream("/open/1");
  SSL_key_update(client.tls(), SSL_KEY_UPDATE_REQUESTED);
  ASSERT_EQ(SSL_do_handshake(client.tls()), 1);
  Publish(MakeEvent("open/1", "with new keys"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("with new keys"));
  for (int i = 0; i < 5'000 && Disconnects(Reason::kClientSentBytes) == 0; ++i) {
    SSL_key_update(client.tls(), SSL_KEY_UPDATE_NOT_REQUESTED);
    if (SSL_do_handshake(client.tls()) != 1) break;
  }
  EXPECT_TRUE(Eventually([&] { return Disconnects(Reason::kClientSentBytes) == 1; }));
}

TEST_F(TlsTest, GoesOnWhenBytesComeBeforeTheFirstWordOfACall) {
  AddCall("/ask");
  Start();
  TlsClient client = ConnectTls();
  client.Get("/ask").Get("/health");
  calls_.WaitForCall()->End(absl::NotFoundError("q"));
  EXPECT_EQ(client.ReadResponse().status, 404);
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(TlsTest, EndsTheCallOfAClientThatLeavesBeforeItsFirstWord) {
  AddCall("/ask");
  Start();
  TlsClient client = ConnectTls();
  client.Get("/ask");
  const auto call = calls_.WaitForCall();
  SSL_shutdown(client.tls());
  call->WaitCancelled();
  EXPECT_TRUE(Eventually([&] { return Disconnects(Reason::kClientLeft) == 1; }));
}

TEST_F(TlsTest, StreamsWhatACallAnswers) {
  AddCall("/ask");
  Start();
  TlsClient client = ConnectTls();
  client.Get("/ask");
  const auto call = calls_.WaitForCall();
  for (const char* word : {"one", "two"}) {
    call->WaitAsked();
    call->Say(Said(word));
  }
  EXPECT_THAT(client.ReadUntil("data: two\n"), HasSubstr("data: one\n"));
}

TEST_F(TlsTest, CutsAClientThatTalksIntoItsStream) {
  Start();
  TlsClient client = OpenTlsStream("/open/1");
  client.Send(std::string(10'000, 'x')).ReadAll();
  EXPECT_EQ(Disconnects(Reason::kClientSentBytes), 1u);
}

TEST_F(TlsTest, ReadsManyRequestsOfOneRecord) {
  Start();
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += "GET /health HTTP/1.1\r\nHost: a\r\nX: " + std::string(100, 'x') + "\r\n\r\n";
  }
  TlsClient client = ConnectTls();
  client.Send(requests);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.ReadResponse().status, 200);
}

TEST_F(TlsTest, ClosesWhenThereAreTooManyConnections) {
  options_.sessions_max = 1;
  Start();
  std::vector<RawClient> clients;
  for (int i = 0; i < 100 && Refusals(Reason::kTooManySessions) == 0; ++i) {
    clients.push_back(Connect());
    if (i >= 65) clients.back().ReadAll();
  }
  EXPECT_GT(Refusals(Reason::kTooManySessions), 0u);
}

TEST_F(TlsTest, RequiresACertificateThatItCanVerify) {
  options_.tls->client_ca_file = folder_.Write("ca.pem", authority_.certificate());
  options_.tls->client_certificates = ClientCertificates::kRequired;
  authorizer_.wanted.certificate_names = true;
  AddRoute("/ask/{id}", {"ask/{id}"});
  Start();
  const std::string names =
      "DNS:client.example,URI:spiffe://example/client,IP:::1,email:a@b.example";
  TlsClient client = ConnectTls({.certificate = authority_.Issue(names)});
  EXPECT_EQ(client.Get("/ask/1", kGood).ReadResponse().status, 200);
  ASSERT_EQ(authorizer_.questions().size(), 1u);
  EXPECT_THAT(authorizer_.questions()[0].certificate_names,
              ElementsAre("client.example", "spiffe://example/client", "::1", "a@b.example"));

  const TestAuthority other("Sluice test authority");
  EXPECT_EQ(ConnectTls().Get("/health").ReadResponse().status, 0);
  EXPECT_EQ(ConnectTls({.certificate = other.Issue(names)}).Get("/health").ReadResponse().status,
            0);
  const auto expired = authority_.Issue(names, std::chrono::seconds(-60));
  EXPECT_EQ(ConnectTls({.certificate = expired}).Get("/health").ReadResponse().status, 0);
  EXPECT_TRUE(Eventually([&] { return Refusals(Reason::kTlsFailed) == 3; }));
}

TEST_F(TlsTest, VerifiesACertificateWhereOneIsShown) {
  options_.tls->client_ca_file = folder_.Write("ca.pem", authority_.certificate());
  options_.tls->client_certificates = ClientCertificates::kOptional;
  authorizer_.wanted.certificate_names = true;
  AddRoute("/ask/{id}", {"ask/{id}"});
  Start();
  EXPECT_EQ(ConnectTls().Get("/ask/1", kGood).ReadResponse().status, 200);
  EXPECT_THAT(authorizer_.questions().back().certificate_names, IsEmpty());
  const TestAuthority other;
  EXPECT_EQ(ConnectTls({.certificate = other.Issue("DNS:a")}).Get("/health").ReadResponse().status,
            0);
}

TEST_F(TlsTest, RefusesToGoByNamesThatCouldBeTakenForOthers) {
  options_.tls->client_ca_file = folder_.Write("ca.pem", authority_.certificate());
  options_.tls->client_certificates = ClientCertificates::kRequired;
  authorizer_.wanted.certificate_names = true;
  AddRoute("/ask/{id}", {"ask/{id}"});
  Start();
  std::string many = "DNS:0.example";
  for (int i = 1; i <= 64; ++i) many += ",DNS:" + std::to_string(i) + ".example";
  for (const std::string& names : {std::string("DNS:a.example,DNS:b\x01.example"),
                                   std::string("DNS:a.example,DNS:b\xc3\xbc.example"), many}) {
    TlsClient client = ConnectTls({.certificate = authority_.Issue(names)});
    EXPECT_EQ(client.Get("/ask/1", kGood).ReadResponse().status, 400) << names;
    EXPECT_EQ(client.Get("/open/1").ReadResponse().status, 200) << "nobody is asked there";
  }
  EXPECT_THAT(authorizer_.questions(), IsEmpty());
  // A kind that nobody goes by.
  TlsClient other = ConnectTls({.certificate = authority_.Issue("DNS:a.example,RID:1.2.3.4")});
  EXPECT_EQ(other.Get("/ask/1", kGood).ReadResponse().status, 200);
  EXPECT_THAT(authorizer_.questions().back().certificate_names, ElementsAre("a.example"));
}

TEST_F(TlsTest, TakesNoNamesOfACertificateThatHasEndedSinceTheConnectionBegan) {
  options_.tls->client_ca_file = folder_.Write("ca.pem", authority_.certificate());
  options_.tls->client_certificates = ClientCertificates::kRequired;
  FakeClock clock;
  clock.Advance(absl::Now() - clock.Now());
  context_.clock = &clock;
  authorizer_.wanted.certificate_names = true;
  Start();
  TlsClient client =
      ConnectTls({.certificate = authority_.Issue("DNS:a.example", std::chrono::hours(1))});
  const auto names_asked = [&] {
    EXPECT_EQ(client.Get("/v1/user/1").ReadResponse().status, 401);
    return authorizer_.questions().back().certificate_names;
  };
  clock.Advance(absl::Minutes(59));
  EXPECT_THAT(names_asked(), ElementsAre("a.example"));
  EXPECT_LT(authorizer_.questions().back().certificate_expires_at, absl::Now() + absl::Minutes(61));
  clock.Advance(absl::Minutes(2));
  EXPECT_THAT(names_asked(), IsEmpty());
  Stop();
}

TEST_F(TlsTest, DoesNotTakeTheNamesOfATrustedProxyForItsClients) {
  options_.tls->client_ca_file = folder_.Write("ca.pem", authority_.certificate());
  options_.tls->client_certificates = ClientCertificates::kRequired;
  options_.trusted_proxies = {"127.0.0.1"};
  authorizer_.wanted.certificate_names = true;
  AddRoute("/ask/{id}", {"ask/{id}"});
  Start();
  for (const char* said : {"", "X-Forwarded-For: 1.2.3.4\r\n", "X-Forwarded-For: unknown\r\n"}) {
    TlsClient proxy = ConnectTls({.certificate = authority_.Issue("DNS:proxy.example")});
    EXPECT_EQ(proxy.Get("/ask/1", std::string(kGood) + said).ReadResponse().status, 200);
    EXPECT_THAT(authorizer_.questions().back().certificate_names, IsEmpty()) << said;
  }
}

TEST_F(TlsTest, DoesNotTellAnAuthorizerThatDoesNotAsk) {
  options_.tls->client_ca_file = folder_.Write("ca.pem", authority_.certificate());
  options_.tls->client_certificates = ClientCertificates::kRequired;
  AddRoute("/ask/{id}", {"ask/{id}"});
  Start();
  TlsClient client = ConnectTls({.certificate = authority_.Issue("DNS:a")});
  EXPECT_EQ(client.Get("/ask/1", kGood).ReadResponse().status, 200);
  EXPECT_THAT(authorizer_.questions().back().certificate_names, IsEmpty());
}

TEST_F(TlsTest, HasItsNewCertificateAsSoonAsItsFilesChange) {
  Start();
  TlsClient stream = OpenTlsStream("/open/1");
  const long first = stream.serial();
  Replace(authority_.Issue("DNS:localhost"));
  EXPECT_TRUE(Eventually([&] { return ConnectTls().serial() != first; }));
  Publish(MakeEvent("open/1", "still here"));
  EXPECT_THAT(stream.ReadUntil("\n\n"), HasSubstr("still here"));
  EXPECT_EQ(stream.serial(), first);
}

TEST_F(TlsTest, DoesNotListenWithAKeyThatItCannotRead) {
  options_.tls->key_file = folder_.path() + "/none.pem";
  hub_ = std::make_unique<Hub>(1, ShardOptions{}, *log_, Clock::System(), metrics_);
  context_.hub = hub_.get();
  const absl::Status status = HttpServer(options_, context_).Listen();
  EXPECT_THAT(std::string(status.message()), StartsWith("http.tls.key_file: "));
}

TEST_F(TlsTest, ServesOpsEndpointsWithACertificateOfTheirOwn) {
  const TestCertificate ops = authority_.Issue("DNS:ops.example");
  options_.ops_listen = "127.0.0.1:0";
  options_.ops_tls =
      ServerTlsOptions{.certificate_file = folder_.Write("ops-c.pem", ops.certificate),
                       .key_file = folder_.Write("ops-k.pem", ops.key)};
  options_.tls.reset();
  Start();
  TlsClient client(server_->ops_address());
  EXPECT_EQ(client.Get("/health").ReadResponse().status, 200);
  EXPECT_EQ(Get("/nothing").status, 404) << "`listen` has none";
}

}  // namespace
}  // namespace sluice
