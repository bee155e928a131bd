#pragma once

#include <array>
#include <cstdint>

#include "metrics/recorder.h"
#include "pgwire/conversation.h"
#include "wire/instruments.h"

namespace pgsidecar::wire {

/// What one loop counts about one database, beside the statements: its recorder, COPY, connections
/// and what runs now. Made when the first session of the database logs in. Loop thread only.
class DatabaseBooks {
 public:
  static constexpr std::size_t kStates = pgwire::kSessionStateNames.size();

  DatabaseBooks(metrics::Registry& registry, metrics::DatabaseRecorder& database);

  metrics::DatabaseRecorder& recorder() { return recorder_; }
  void RecordCopy(const pgwire::CopyEnd& end);
  void CountParse() { ++parses_; }
  void Connect(pgwire::SessionState state) { ++connections_[static_cast<std::size_t>(state)]; }
  void Disconnect(pgwire::SessionState state) { --connections_[static_cast<std::size_t>(state)]; }

  /// What runs now: built anew on every tick, between StartTick and Publish.
  metrics::DatabaseRecorder::Running running;
  void StartTick() { running = {}; }
  /// Publishes counts and gauges as the contribution of `loop`.
  void Publish(std::size_t loop);

 private:
  struct CopyInstruments {
    metrics::Histogram& duration;
    metrics::Counter& errors;
    metrics::Counter& bytes;
  };

  metrics::DatabaseRecorder& recorder_;
  std::array<CopyInstruments, 2> copy_;  ///< By CopyDirection.
  std::array<metrics::Gauge*, kStates> gauges_{};
  std::array<GaugeShare, kStates> shares_;
  std::array<std::int64_t, kStates> connections_{};
  std::uint64_t parses_ = 0;
};

}  // namespace pgsidecar::wire
