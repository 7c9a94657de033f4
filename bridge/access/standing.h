// What a running stream stands on: the answer that allowed it, until when that holds,
// when it is asked for again, and when the stream is over.
//
// An answer holds until it ends by its own word, or for `max_age` if that is sooner. It is
// asked for again at a random moment well before, so that streams that began together do
// not ask together. An authorizer that says the same end again has said its last word:
// the stream is over then. One that cannot answer is asked again and again, and the stream
// goes on for a grace time past the end.
//
// Time comes from outside and nothing is asked from here. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string_view>

#include "absl/time/time.h"
#include "bridge/access/authorizer.h"

namespace sluice {

struct StandingPolicy {
  // The longest that one answer holds. Zero: as long as it says itself.
  absl::Duration max_age = absl::Minutes(5);
  // How long a stream goes on past the end of its answer while there is no other.
  absl::Duration grace = absl::Minutes(1);
};

// Until when an answer of this moment holds.
absl::Time HoldsUntil(const Decision& decision, const StandingPolicy& policy, absl::Time now);

class Standing {
 public:
  // Streams that asked the same may share the question.
  using Question = std::shared_ptr<const AuthorizationRequest>;

  // `decision` allows it, of this moment. The seed decides the random moments.
  Standing(Question question, const Decision& decision, const StandingPolicy& policy,
           absl::Time now, uint64_t seed);

  enum class Due {
    kNothing,
    kAsk,   // question() is to be asked now; what comes goes to Answered
    kOver,  // the answer has ended, and there is no other
  };
  // About once a second.
  Due OnTick(absl::Time now);

  // Says that no answer of before the one that is there will do.
  AuthorizationRequest question() const;

  enum class Answer {
    kStays,       // as before
    kChanged,     // allowed, and what is imposed is something else than before
    kAnotherOne,  // allowed to somebody else than `subject`
    kRefused,     // denied, or allowed until a time that is past
    kNone,        // could not be answered: it will be asked again
  };
  // Once for each kAsk.
  Answer Answered(const Decision& decision, std::string_view subject, absl::Time now);

  // What is known may be out of date: asks again within this time, whatever was
  // planned, and takes no answer of before now.
  void AskSoon(absl::Time now, absl::Duration within);

 private:
  // What an answer imposes on a stream. Most impose nothing.
  struct Imposed {
    Attributes attributes;
    std::vector<std::string> event_types;
    std::string masks;  // their key
    bool operator==(const Imposed&) const = default;
  };

  static std::unique_ptr<const Imposed> ImposedBy(const Decision& decision);
  void Take(const Decision& decision, absl::Time now);
  // Between `from` and `to` of this time.
  absl::Duration Some(absl::Duration whole, double from, double to);

  const Question question_;
  const StandingPolicy policy_;
  std::minstd_rand random_;
  std::unique_ptr<const Imposed> imposed_;  // null: nothing
  absl::Time ends_at_;
  absl::Time credential_ends_at_;
  absl::Time ask_at_;
  absl::Time fresh_from_;  // an answer of before this will not do
  bool open_ = false;      // asked, and not answered yet
  bool outdated_ = false;  // a newer answer than that is wanted
  bool final_ = false;     // asked for again, the answer had the same end
  uint8_t failures_ = 0;
};

}  // namespace sluice
