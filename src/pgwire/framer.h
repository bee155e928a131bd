#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "pgwire/bytes.h"

namespace pgsidecar::pgwire {

/// How much of a message's body reply matching wants to see.
enum class BodyUse : std::uint8_t {
  kUnknown,  ///< No such message type.
  kSkip,     ///< Nothing: one frame as soon as the header is complete.
  kHead,     ///< The first kHeadBytes: one frame when the message is complete.
  kText,     ///< Everything, in pieces as they come.
};

/// One row per message type: the ASCII code is the index.
using BodyTable = std::array<BodyUse, 128>;

/// Messages of a session after its startup. PostgreSQL manual, "Message Formats".
extern const BodyTable kFrontendMessages;
extern const BodyTable kBackendMessages;

/// Longest body that is believed. PostgreSQL allocates no message above 1 GiB (MaxAllocSize).
constexpr std::uint32_t kMessageLengthMax = 1U << 30;

constexpr std::size_t kHeadBytes = 256;

/// A message, or a piece of one.
struct Frame {
  char type = 0;
  BodyUse use = BodyUse::kUnknown;
  bool first = true;             ///< kText: the first piece.
  bool last = true;              ///< kText: the piece that completes the message.
  std::uint32_t body_bytes = 0;  ///< Length of the whole body.
  std::string_view body;         ///< kHead: its head; kText: this piece. Valid until the next call.
};

/// Finds the messages in a stream of bytes that may be cut anywhere. Copies at most kHeadBytes and
/// never waits for a body it does not want. Loop thread only.
class Framer {
 public:
  explicit Framer(const BodyTable& table) : table_(&table) {}

  enum class Status : std::uint8_t { kFrame, kNeedMore, kUnknownType, kBadLength };

  /// Takes bytes off the front of `bytes` until a frame is found or none are left. After
  /// kUnknownType or kBadLength the framer must not be used again.
  Status Next(std::string_view& bytes, Frame& frame) {
    return TakeWhole(bytes, frame) ? Status::kFrame : NextPart(bytes, frame);
  }

  /// Whether everything so far was whole messages.
  bool at_boundary() const { return left_ == 0 && header_bytes_ == 0; }

 private:
  /// The common case: a message that is there from its header to its end.
  bool TakeWhole(std::string_view& bytes, Frame& frame);
  Status NextPart(std::string_view& bytes, Frame& frame);
  Status Begin(std::string_view& bytes, Frame& frame);
  Status Continue(std::string_view& bytes, Frame& frame);
  bool TakeHeader(std::string_view& bytes);
  bool TakeHead(std::string_view& bytes, Frame& frame);
  void TakePiece(std::string_view& bytes, Frame& frame);
  void Skip(std::string_view& bytes);

  const BodyTable* table_;
  char type_ = 0;  ///< Of the current message.
  BodyUse use_ = BodyUse::kUnknown;
  bool started_ = false;           ///< kText: a piece was handed out.
  std::uint8_t header_bytes_ = 0;  ///< Bytes of an incomplete header in header_.
  std::uint16_t head_bytes_ = 0;   ///< Bytes of an incomplete head in head_.
  std::uint32_t body_bytes_ = 0;
  std::uint32_t left_ = 0;  ///< Bytes of the current message not seen yet.
  std::array<char, 5> header_{};
  std::array<char, kHeadBytes> head_;
};

inline bool Framer::TakeWhole(std::string_view& bytes, Frame& frame) {
  constexpr std::size_t kHeaderBytes = 5;
  if (left_ != 0 || header_bytes_ != 0 || bytes.size() < kHeaderBytes) return false;
  const auto type = static_cast<unsigned char>(bytes[0]);
  if (type >= table_->size()) return false;
  const BodyUse use = (*table_)[type];
  const std::uint32_t body_bytes = ReadUint32(bytes.data() + 1) - 4;  // below 4 it becomes huge
  if (use == BodyUse::kUnknown || body_bytes > bytes.size() - kHeaderBytes) return false;
  std::size_t wanted = body_bytes;
  if (use == BodyUse::kSkip) wanted = 0;
  if (use == BodyUse::kHead && wanted > kHeadBytes) wanted = kHeadBytes;
  frame.type = bytes[0];
  frame.use = use;
  frame.first = frame.last = true;
  frame.body_bytes = body_bytes;
  frame.body = {bytes.data() + kHeaderBytes, wanted};
  bytes.remove_prefix(kHeaderBytes + body_bytes);
  return true;
}

}  // namespace pgsidecar::pgwire
