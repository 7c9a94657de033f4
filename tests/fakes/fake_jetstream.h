// One stream of JetStream, in memory, behind a FakeNats: what it does with a message that is to
// be stored, and whether it answers, is a test's to say. It has one consumer at a time, which
// sends no heartbeats, and tells what is stored as it is.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/fakes/fake_nats.h"

namespace sluice {

class FakeJetStream {
 public:
  enum class What { kStoreAndAnswer, kStoreSilently, kDrop };
  // What to do with a message that is to be stored; or an error, as JSON.
  struct Deed {
    What what = What::kStoreAndAnswer;
    std::string error;
  };
  using Script = std::function<Deed(const FakeNats::Message&)>;

  explicit FakeJetStream(std::string stream, size_t max_payload = 1 << 20);

  std::string address() const { return nats_.address(); }
  // From the next message on. Called on the server's thread.
  void Do(Script script);
  // As if it had been deleted, made again, and written to: it ends at `last`.
  void MakeAnew(uint64_t last);
  // No message can be asked for from now on.
  void RefuseReads();
  // As if it had been made earlier.
  void GoBack(absl::Duration by);
  // It tells of nothing any more, and nobody is told that.
  void StopConsumer();
  // Stores it without telling the consumer, as another bridge's that has not come by yet.
  void StoreUnseen(FakeNats::Message message);
  // Another bridge's.
  void StoreAnothers(const FakeNats::Message& message);

  // What the next consumers and reads do not find there any more.
  void Erase(uint64_t sequence);

  // Another server speaks, that has another moment for the stream's creation.
  void SayCreatedLater(absl::Duration by);

  std::vector<FakeNats::Message> stored();
  // Messages that were to be stored, resent ones again.
  size_t asked();
  size_t consumers_made();
  // How often the stream was asked for.
  size_t questions();
  absl::Time created();

 private:
  std::optional<std::string> Answer(const FakeNats::Message& message);
  std::optional<std::string> AnswerApi(const FakeNats::Message& message);
  std::optional<std::string> Take(const FakeNats::Message& message);
  uint64_t Store(const FakeNats::Message& message);
  void Tell(uint64_t sequence);
  std::string Info() const;
  void ForgetDescription();

  const std::string stream_;
  std::mutex mutex_;
  Script script_;
  absl::Time created_;
  std::string configuration_ = "{}";
  uint64_t first_ = 1;
  std::vector<FakeNats::Message> stored_;
  std::map<std::string, uint64_t> ids_;
  size_t asked_ = 0;
  size_t consumers_made_ = 0;
  size_t questions_ = 0;
  bool refuses_reads_ = false;
  std::string consumer_;
  std::string deliver_to_;
  uint64_t delivered_ = 0;
  FakeNats nats_;
};

}  // namespace sluice
