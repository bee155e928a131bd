#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "pgwire/conversation.h"
#include "unit/pgwire/messages.h"
#include "unit/pgwire/recording_sink.h"

namespace pgsidecar::pgwire::testing {

/// One read: who sent it, and what.
struct Step {
  char from;  ///< 'c' or 's'
  std::string bytes;
};

inline Step C(std::string bytes) { return {'c', std::move(bytes)}; }
inline Step S(std::string bytes) { return {'s', std::move(bytes)}; }

/// A conversation whose n-th read happens at n milliseconds.
class Talk {
 public:
  Talk() { conversation.LoginDone('I', 0); }
  explicit Talk(const ConversationLimits& limits) : conversation(sink, limits, false) {
    conversation.LoginDone('I', 0);
  }

  Talk& Play(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      now += 1'000'000;
      Feed(step.from, step.bytes);
    }
    return *this;
  }
  void Feed(char from, std::string_view bytes) {
    if (from == 'c') {
      conversation.FeedClient(bytes, now);
    } else {
      conversation.FeedServer(bytes, now);
    }
  }

  RecordingSink sink;
  Conversation conversation{sink, {}, false};
  Nanos now = 0;
};

struct Outcome {
  std::vector<std::string> log;
  std::uint64_t aborted, abandoned, in_flight;
  bool operator==(const Outcome&) const = default;
};

inline Outcome OutcomeOf(Talk& talk) {
  return {talk.sink.log, talk.sink.aborted, talk.sink.abandoned,
          talk.conversation.statements_in_flight()};
}

/// Plays the steps whole, then with each step cut at every offset, then byte by byte: the outcome
/// must be the same each time. Returns that of the whole.
inline Outcome PlayEveryWay(const std::vector<Step>& steps) {
  Talk whole;
  whole.Play(steps);
  const Outcome expected = OutcomeOf(whole);
  for (std::size_t cut_step = 0; cut_step < steps.size(); ++cut_step) {
    for (std::size_t cut = 1; cut < steps[cut_step].bytes.size(); ++cut) {
      std::vector<Step> parts = steps;
      parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(cut_step) + 1,
                   {steps[cut_step].from, steps[cut_step].bytes.substr(cut)});
      parts[cut_step].bytes.resize(cut);
      Talk talk;
      EXPECT_EQ(OutcomeOf(talk.Play(parts)), expected) << "step " << cut_step << " cut at " << cut;
    }
  }
  Talk bytewise;
  for (const Step& step : steps) {
    for (const char byte : step.bytes) bytewise.Play({{step.from, std::string(1, byte)}});
  }
  EXPECT_EQ(OutcomeOf(bytewise), expected) << "byte by byte";
  return expected;
}

using Lines = std::vector<std::string>;

}  // namespace pgsidecar::pgwire::testing
