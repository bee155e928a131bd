#include "pgwire/framer.h"

#include <algorithm>
#include <cstring>

#include "pgwire/bytes.h"

namespace pgsidecar::pgwire {
namespace {

struct Row {
  char type;
  BodyUse use;
};

template <std::size_t N>
constexpr BodyTable MakeTable(const Row (&rows)[N]) {
  BodyTable table{};
  for (const Row& row : rows) table[static_cast<std::size_t>(row.type)] = row.use;
  return table;
}

constexpr Row kFrontendRows[] = {
    {'B', BodyUse::kHead},  // Bind: portal and statement name
    {'C', BodyUse::kHead},  // Close: kind and name
    {'D', BodyUse::kHead},  // Describe: kind and name
    {'E', BodyUse::kHead},  // Execute: portal name
    {'F', BodyUse::kSkip},  // FunctionCall
    {'H', BodyUse::kSkip},  // Flush
    {'P', BodyUse::kText},  // Parse: name, text, parameter types
    {'Q', BodyUse::kText},  // Query: text
    {'S', BodyUse::kHead},  // Sync
    {'X', BodyUse::kSkip},  // Terminate
    {'c', BodyUse::kHead},  // CopyDone
    {'d', BodyUse::kSkip},  // CopyData
    {'f', BodyUse::kHead},  // CopyFail
    {'p', BodyUse::kSkip},  // PasswordMessage and the other answers during authentication
};

constexpr Row kBackendRows[] = {
    {'1', BodyUse::kHead},  // ParseComplete
    {'2', BodyUse::kHead},  // BindComplete
    {'3', BodyUse::kHead},  // CloseComplete
    {'A', BodyUse::kSkip},  // NotificationResponse
    {'C', BodyUse::kHead},  // CommandComplete: tag
    {'D', BodyUse::kSkip},  // DataRow
    {'E', BodyUse::kHead},  // ErrorResponse: severity and SQLSTATE
    {'G', BodyUse::kHead},  // CopyInResponse
    {'H', BodyUse::kHead},  // CopyOutResponse
    {'I', BodyUse::kHead},  // EmptyQueryResponse
    {'K', BodyUse::kSkip},  // BackendKeyData
    {'N', BodyUse::kHead},  // NoticeResponse: severity
    {'S', BodyUse::kHead},  // ParameterStatus: name and value
    {'T', BodyUse::kSkip},  // RowDescription
    {'V', BodyUse::kSkip},  // FunctionCallResponse
    {'W', BodyUse::kHead},  // CopyBothResponse
    {'Z', BodyUse::kHead},  // ReadyForQuery: transaction status
    {'c', BodyUse::kHead},  // CopyDone
    {'d', BodyUse::kSkip},  // CopyData
    {'n', BodyUse::kHead},  // NoData
    {'s', BodyUse::kHead},  // PortalSuspended
    {'t', BodyUse::kSkip},  // ParameterDescription
};

}  // namespace

const BodyTable kFrontendMessages = MakeTable(kFrontendRows);
const BodyTable kBackendMessages = MakeTable(kBackendRows);

Framer::Status Framer::NextPart(std::string_view& bytes, Frame& frame) {
  if (left_ == 0) {
    return TakeHeader(bytes) ? Begin(bytes, frame) : Status::kNeedMore;
  }
  if (use_ == BodyUse::kSkip) {
    Skip(bytes);
    return left_ == 0 && !bytes.empty() ? Next(bytes, frame) : Status::kNeedMore;
  }
  return Continue(bytes, frame);
}

/// A header is complete.
Framer::Status Framer::Begin(std::string_view& bytes, Frame& frame) {
  const auto type = static_cast<unsigned char>(header_[0]);
  use_ = type < table_->size() ? (*table_)[type] : BodyUse::kUnknown;
  if (use_ == BodyUse::kUnknown) return Status::kUnknownType;
  const std::uint32_t length = ReadUint32(header_.data() + 1);
  if (length < 4 || length > kMessageLengthMax) return Status::kBadLength;
  type_ = header_[0];
  body_bytes_ = left_ = length - 4;
  head_bytes_ = 0;
  started_ = false;
  if (use_ == BodyUse::kSkip || left_ == 0) {
    frame = {type_, use_, true, true, body_bytes_, {}};
    Skip(bytes);
    return Status::kFrame;
  }
  return Continue(bytes, frame);
}

Framer::Status Framer::Continue(std::string_view& bytes, Frame& frame) {
  if (bytes.empty()) return Status::kNeedMore;
  if (use_ == BodyUse::kText) {
    TakePiece(bytes, frame);
    return Status::kFrame;
  }
  return TakeHead(bytes, frame) ? Status::kFrame : Status::kNeedMore;
}

/// Whether the five bytes of a header are there.
bool Framer::TakeHeader(std::string_view& bytes) {
  const std::size_t taken = std::min(bytes.size(), header_.size() - header_bytes_);
  if (taken > 0) std::memcpy(header_.data() + header_bytes_, bytes.data(), taken);
  bytes.remove_prefix(taken);
  header_bytes_ = static_cast<std::uint8_t>(header_bytes_ + taken);
  if (header_bytes_ < header_.size()) return false;
  header_bytes_ = 0;
  return true;
}

bool Framer::TakeHead(std::string_view& bytes, Frame& frame) {
  frame = {type_, use_, true, true, body_bytes_, {}};
  const std::size_t here = std::min<std::size_t>(bytes.size(), left_);
  const std::size_t kept = std::min(here, kHeadBytes - head_bytes_);
  std::memcpy(head_.data() + head_bytes_, bytes.data(), kept);
  head_bytes_ = static_cast<std::uint16_t>(head_bytes_ + kept);
  bytes.remove_prefix(here);
  left_ -= static_cast<std::uint32_t>(here);
  frame.body = {head_.data(), head_bytes_};
  return left_ == 0;
}

void Framer::TakePiece(std::string_view& bytes, Frame& frame) {
  const std::size_t here = std::min<std::size_t>(bytes.size(), left_);
  left_ -= static_cast<std::uint32_t>(here);
  frame = {type_, use_, !started_, left_ == 0, body_bytes_, bytes.substr(0, here)};
  started_ = true;
  bytes.remove_prefix(here);
}

void Framer::Skip(std::string_view& bytes) {
  const std::size_t here = std::min<std::size_t>(bytes.size(), left_);
  bytes.remove_prefix(here);
  left_ -= static_cast<std::uint32_t>(here);
}

}  // namespace pgsidecar::pgwire
