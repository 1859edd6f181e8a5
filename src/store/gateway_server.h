#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "store/gateway.h"

namespace accelerate::store {

struct GatewayServerOptions {
  /// An IPv4 or IPv6 address of this machine; whoever reaches it reads the store.
  std::string address = "127.0.0.1";
  /// 0 chooses a free one.
  uint16_t port = 0;
  /// Further connections wait until one ends.
  int max_connections = 64;
  /// A client that sends or takes nothing for so long is dropped.
  int idle_ms = 30'000;
};

/// Serves answer_gateway, answer_hub and answer_signatures over HTTP/1.1, a thread a connection.
class GatewayServer {
 public:
  /// Errors: io_error if the address cannot be listened on; invalid_argument if it is none.
  GatewayServer(std::shared_ptr<Store> store, const GatewayServerOptions& options = {});
  /// Ends all connections.
  ~GatewayServer();
  GatewayServer(const GatewayServer&) = delete;
  GatewayServer& operator=(const GatewayServer&) = delete;

  uint16_t port() const;
  /// "http://127.0.0.1:8080"
  std::string url() const;
  uint64_t num_requests() const;
  uint64_t sent_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace accelerate::store
