#include "operations.h"

#include <civetweb.h>

#include <array>
#include <charconv>
#include <memory>

namespace demo {
namespace {

constexpr int kAnswerTimeoutMs = 5000;

struct Close {
  void operator()(mg_connection* connection) const { mg_close_connection(connection); }
};
using Connection = std::unique_ptr<mg_connection, Close>;

std::string ReadAll(mg_connection* connection) {
  std::string body;
  std::array<char, 4096> piece{};
  for (int size = 0; (size = mg_read(connection, piece.data(), piece.size())) > 0;) {
    body.append(piece.data(), static_cast<std::size_t>(size));
  }
  return body;
}

}  // namespace

Operations::Operations(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? "" : address.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), port_);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    throw std::invalid_argument("'" + std::string(address) + "' is not HOST:PORT");
  }
  host_ = address.substr(0, colon);
}

nlohmann::json Operations::Call(const std::string& name, const nlohmann::json& parameters,
                                const RequestContext& context) const {
  std::array<char, 256> problem{};
  const Connection connection(
      mg_connect_client(host_.c_str(), port_, 0, problem.data(), problem.size()));
  if (connection == nullptr) throw OperationFailed(name + ": " + problem.data());
  const std::string body = parameters.dump();
  std::string request =
      "POST /api/v1/operations/" + name + " HTTP/1.1\r\nHost: " + host_ +
      "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n";
  if (!context.traceparent.empty()) request += "traceparent: " + context.traceparent + "\r\n";
  request += "\r\n" + body;
  const int sent = mg_write(connection.get(), request.data(), request.size());
  if (sent != static_cast<int>(request.size()) ||
      mg_get_response(connection.get(), problem.data(), problem.size(), kAnswerTimeoutMs) < 0) {
    throw OperationFailed(name + ": " + problem.data());
  }
  const int status = mg_get_response_info(connection.get())->status_code;
  const std::string answer = ReadAll(connection.get());
  if (status != 200) throw OperationFailed(name + ": " + std::to_string(status) + " " + answer);
  const auto rows = nlohmann::json::parse(answer, nullptr, false);
  if (!rows.is_object() || !rows.contains("rows")) throw OperationFailed(name + ": no rows");
  return rows["rows"];
}

}  // namespace demo
