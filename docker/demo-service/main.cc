#include <civetweb.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>

#include "operations.h"
#include "pool.h"
#include "routes.h"
#include "store.h"

namespace {

struct Options {
  std::string database = "postgresql://127.0.0.1:6432/postgres";
  std::string listen = "127.0.0.1:8080";
  unsigned connections = 8;
  std::string operations;
};

std::string_view View(const char* text) { return text == nullptr ? "" : text; }

int Handle(mg_connection* connection, void* store) {
  const mg_request_info* info = mg_get_request_info(connection);
  const demo::Response response =
      demo::Answer(*static_cast<demo::Store*>(store),
                   {View(info->request_method), View(info->local_uri), View(info->query_string),
                    View(mg_get_header(connection, "traceparent"))});
  mg_response_header_start(connection, response.status);
  mg_response_header_add(connection, "Content-Type", "application/json", -1);
  mg_response_header_add(connection, "Content-Length", std::to_string(response.body.size()).c_str(),
                         -1);
  mg_response_header_send(connection);
  mg_write(connection, response.body.data(), response.body.size());
  return response.status;
}

struct StopServer {
  void operator()(mg_context* context) const { mg_stop(context); }
};
using Server = std::unique_ptr<mg_context, StopServer>;

Server Listen(const Options& options, demo::Store& store) {
  const std::string threads = std::to_string(2 * options.connections);
  const char* settings[] = {"listening_ports",
                            options.listen.c_str(),
                            "num_threads",
                            threads.c_str(),
                            "enable_keep_alive",
                            "yes",
                            "keep_alive_timeout_ms",
                            "5000",
                            "request_timeout_ms",
                            "40000",
                            "decode_url",
                            "no",
                            "tcp_nodelay",
                            "1",
                            nullptr};
  const mg_callbacks callbacks{};
  Server server(mg_start(&callbacks, nullptr, settings));
  if (server != nullptr) {
    mg_set_request_handler(server.get(), "/", Handle, &store);
  }
  return server;
}

int Run(const Options& options, const sigset_t& stop_signals) {
  demo::Pool pool(options.database, options.connections);
  std::optional<demo::Operations> operations;
  if (!options.operations.empty()) operations.emplace(options.operations);
  demo::Store store(pool, operations ? &*operations : nullptr);
  try {
    store.Seed();
  } catch (const std::exception& error) {
    std::cerr << "demo-service: cannot prepare the database: " << error.what() << "\n";
    return 1;
  }
  const Server server = Listen(options, store);
  if (server == nullptr) {
    std::cerr << "demo-service: cannot listen on " << options.listen << "\n";
    return 1;
  }
  std::cout << "demo-service: listening on " << options.listen << std::endl;
  int signal_number = 0;
  sigwait(&stop_signals, &signal_number);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("User profiles and server lists over HTTP, kept in PostgreSQL.", "demo-service");
  app.add_option("--database", options.database, "libpq connection URI")->capture_default_str();
  app.add_option("--listen", options.listen, "address and port of the HTTP listener")
      ->capture_default_str();
  app.add_option("--connections", options.connections, "PostgreSQL connections at most")
      ->capture_default_str()
      ->check(CLI::Range(1U, 64U));
  app.add_option("--operations", options.operations,
                 "HOST:PORT of a pgsidecar whose operations answer for profiles and server lists")
      ->check([](const std::string& address) -> std::string {
        try {
          demo::Operations checked(address);
          return "";
        } catch (const std::invalid_argument& error) {
          return error.what();
        }
      });
  CLI11_PARSE(app, argc, argv);

  sigset_t stop_signals;  // blocked before the first thread, so that every thread inherits it
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  mg_init_library(0);
  const int status = Run(options, stop_signals);
  mg_exit_library();
  return status;
}
