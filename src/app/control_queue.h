#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pgsidecar::app {

/// What a reload came to.
struct ReloadReport {
  /// One line each. Without any the new configuration is in use, else the old one still is.
  std::vector<std::string> errors;
  /// Keys whose new value waits for a restart.
  std::vector<std::string> restart_needed;
};

/// Brings what other threads want to the main thread, and its answers back.
class ControlQueue {
 public:
  static constexpr std::size_t kWaitingMax = 8;

  /// `wake` makes the main thread call Serve soon. Nobody waits longer than `patience`.
  explicit ControlQueue(std::function<void()> wake,
                        std::chrono::milliseconds patience = std::chrono::seconds(10));

  /// Waits until the main thread has reloaded. Nothing if it is too busy for that, if kWaitingMax
  /// others wait, or once the queue is closed. Thread-safe.
  std::optional<ReloadReport> AskReload();
  /// Asks for the drain and does not wait. Thread-safe.
  void AskDrain();

  /// Does what was asked for: `reload` for each who still waits, `drain` for each who asked. Main
  /// thread only.
  void Serve(const std::function<ReloadReport()>& reload, const std::function<void()>& drain);
  /// Lets go who waits; later questions are not answered. Thread-safe.
  void Close();

 private:
  struct Question {
    bool withdrawn = false;
    std::optional<ReloadReport> report;
  };
  /// The other owner is the thread that asked, which may leave first.
  using Waiting = std::vector<std::shared_ptr<Question>>;

  bool IsWithdrawn(const Question& question);

  const std::function<void()> wake_;
  const std::chrono::milliseconds patience_;

  std::mutex mutex_;  // Guards what follows, and all questions.
  std::condition_variable answered_;
  Waiting waiting_;
  int drains_ = 0;
  bool closed_ = false;
};

}  // namespace pgsidecar::app
