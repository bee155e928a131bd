#include "executor/notify_listener.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <exception>
#include <pqxx/pqxx>
#include <utility>

#include "executor/pqxx_silence.h"
#include "sql/cache_judge.h"

namespace pgsidecar::executor {
namespace {

constexpr std::chrono::milliseconds kStep{50};  // How long a stop waits for a pause.

struct Prefix {
  std::string_view text;
  NoticeKind kind;
};

constexpr std::array<Prefix, 4> kPrefixes = {{{"table:", NoticeKind::kTable},
                                              {"tag:", NoticeKind::kTag},
                                              {"key:", NoticeKind::kKey},
                                              {"pattern:", NoticeKind::kPattern}}};

// libpqxx deprecates receivers in favour of a call that older versions do not have.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection& connection, const std::string& channel,
           const std::function<void(const Notice&)>& on_notice)
      : pqxx::notification_receiver(connection, channel), on_notice_(on_notice) {}

  void operator()(const std::string& payload, int /*process*/) override {
    on_notice_(ReadNotice(payload));
  }

 private:
  const std::function<void(const Notice&)>& on_notice_;
};

#pragma GCC diagnostic pop

}  // namespace

Notice ReadNotice(std::string_view payload) {
  for (const auto& [text, kind] : kPrefixes) {
    if (!payload.starts_with(text)) continue;
    std::string argument(payload.substr(text.size()));
    if (argument.empty() || argument.size() > sql::kTagBytesMax) return {};
    if (kind != NoticeKind::kTable) return {kind, std::move(argument)};
    // A table that is not `schema.name` is none: it would drop nothing, without a word.
    std::string tag = sql::NormalTag(payload);
    if (!sql::IsTableTag(tag)) return {};
    return {kind, std::move(tag)};
  }
  return {};
}

NotifyListener::NotifyListener(Options options, Callbacks callbacks)
    : options_(std::move(options)), callbacks_(std::move(callbacks)) {
  thread_ = std::thread([this] { Run(); });
}

NotifyListener::~NotifyListener() {
  stopping_ = true;
  interrupter_.Stop();
  thread_.join();
}

bool NotifyListener::Pause(std::chrono::milliseconds duration) const {
  for (; duration.count() > 0 && !stopping_; duration -= kStep) {
    std::this_thread::sleep_for(std::min(kStep, duration));
  }
  return !stopping_;
}

void NotifyListener::Run() {
  std::chrono::milliseconds pause = options_.pause_min;
  bool told = false;
  while (!stopping_) {
    try {
      Listen();
    } catch (const std::exception&) {
      // What it says may hold a server message.
    }
    interrupter_.Forget();
    if (connected_.exchange(false)) {
      pause = options_.pause_min;
      told = false;
      if (!stopping_ && callbacks_.on_lost) callbacks_.on_lost();
    }
    if (stopping_) return;
    if (!told) spdlog::warn("cache: not listening on {}: trying again", options_.channel);
    told = true;
    if (!Pause(pause)) return;
    pause = std::min(pause * 2, options_.pause_max);
  }
}

/// Until the connection breaks, which is usually thrown.
void NotifyListener::Listen() {
  constexpr long kWaitSeconds = 5;
  pqxx::connection connection(options_.connection);
  const PqxxSilence silence(connection);
  interrupter_.Watch(connection.sock());
  Receiver receiver(connection, options_.channel, callbacks_.on_notice);
  {
    // LISTEN takes effect with its answer; and a pooler in transaction mode shows itself here.
    pqxx::nontransaction session(connection);
    session.exec("SELECT 1");
  }
  const int server = connection.backendpid();
  connected_ = true;
  spdlog::info("cache: listening on {}", options_.channel);
  if (callbacks_.on_connected) callbacks_.on_connected(std::exchange(was_connected_, true));
  while (!stopping_) {
    if (connection.await_notification(kWaitSeconds, 0) > 0 || stopping_) continue;
    // A connection whose other end is gone says nothing by itself.
    pqxx::nontransaction session(connection);
    session.exec("SELECT 1");
    // Some versions connect again by themselves. What was said meanwhile is lost all the same.
    if (connection.backendpid() != server) return;
  }
}

}  // namespace pgsidecar::executor
