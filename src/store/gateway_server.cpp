#include "store/gateway_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <cerrno>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/open_file.h"
#include "store/hub_endpoint.h"
#include "store/trust.h"

namespace accelerate::store {
namespace {

namespace http = boost::beast::http;

constexpr size_t kMaxHeaderBytes = 16 << 10;
constexpr size_t kSendBytes = 256 << 10;
constexpr int kPollMs = 100;

/// The other side has gone, is too slow, or the server stops.
struct ConnectionEnded {};

/// A socket with an end to every wait.
class Connection {
 public:
  Connection(int descriptor, int idle_ms, const std::atomic<bool>& stopping, std::atomic<uint64_t>& sent)
      : descriptor_(descriptor), idle_ms_(idle_ms), stopping_(stopping), sent_(sent) {
    const int on = 1;
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(descriptor_, F_SETFL, O_NONBLOCK);
  }
  ~Connection() { close(descriptor_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Appends what has come. False at the end.
  bool receive(std::string& into) {
    char buffer[8192];
    while (true) {
      const ssize_t got = recv(descriptor_, buffer, sizeof buffer, 0);
      if (got > 0) into.append(buffer, static_cast<size_t>(got));
      if (got >= 0) return got > 0;
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        wait(POLLIN);
      } else if (errno != EINTR) {
        return false;
      }
    }
  }

  void send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t done = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (done > 0) {
        bytes.remove_prefix(static_cast<size_t>(done));
        sent_ += static_cast<uint64_t>(done);
      } else if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        wait(POLLOUT);
      } else if (done < 0 && errno != EINTR) {
        throw ConnectionEnded();
      }
    }
  }

 private:
  void wait(short events) const {
    for (int waited = 0; waited < idle_ms_; waited += kPollMs) {
      pollfd fd = {descriptor_, events, 0};
      if (poll(&fd, 1, kPollMs) > 0) return;
      if (stopping_) break;
    }
    throw ConnectionEnded();
  }

  int descriptor_;
  int idle_ms_;
  const std::atomic<bool>& stopping_;
  std::atomic<uint64_t>& sent_;
};

/// Collects small pieces and sends them as chunks.
class ChunkedBody {
 public:
  ChunkedBody(Connection& connection, bool chunked) : connection_(connection), chunked_(chunked) {}
  void write(std::string_view bytes) {
    pending_ += bytes;
    if (pending_.size() >= kSendBytes) flush();
  }
  void finish() {
    flush();
    if (chunked_) connection_.send_all("0\r\n\r\n");
  }

 private:
  void flush() {
    if (pending_.empty()) return;
    if (chunked_) {
      connection_.send_all(fmt::format("{:x}\r\n", pending_.size()));
      pending_ += "\r\n";
    }
    connection_.send_all(pending_);
    pending_.clear();
  }
  Connection& connection_;
  bool chunked_;
  std::string pending_;
};

/// Answers requests until the connection ends.
class Session {
 public:
  Session(Store& store, Connection& connection, std::atomic<uint64_t>& requests)
      : store_(store), connection_(connection), requests_(requests) {}

  void run() {
    while (one()) {
    }
  }

 private:
  bool one() {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(0);
    boost::beast::error_code error;
    while (!parser.is_done()) {
      const size_t used = received_.empty() ? 0 : parser.put(boost::asio::buffer(received_), error);
      received_.erase(0, used);
      if (error && error != http::error::need_more) return refuse(error == http::error::header_limit ? 431 : 400);
      if (parser.is_done()) break;
      if (!connection_.receive(received_)) return false;
    }
    ++requests_;
    const auto& message = parser.get();
    const auto header = [&](http::field name) {
      const auto value = message[name];
      return std::string(value.data(), value.size());
    };
    GatewayRequest request;
    request.method = std::string(message.method_string().data(), message.method_string().size());
    request.target = std::string(message.target().data(), message.target().size());
    request.accept = header(http::field::accept);
    request.range = header(http::field::range);
    request.if_none_match = header(http::field::if_none_match);
    const GatewayReply reply = is_signature_path(request.target) ? answer_signatures(store_, request)
                               : is_hub_path(request.target)     ? answer_hub(store_, request)
                                                                 : answer_gateway(store_, request);
    const bool keep = message.keep_alive();
    const bool sized = !reply.stream || reply.content_length;
    const bool chunked = !sized && message.version() >= 11;
    const bool has_body = request.method != "HEAD" && reply.status != 304;
    const auto status = static_cast<http::status>(reply.status);
    const auto reason = http::obsolete_reason(status);
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, std::string_view(reason.data(), reason.size()));
    for (const auto& [name, value] : reply.headers) head += fmt::format("{}: {}\r\n", name, value);
    if (chunked) {
      head += "Transfer-Encoding: chunked\r\n";
    } else if (sized && reply.status != 304) {
      head += fmt::format("Content-Length: {}\r\n", reply.stream ? *reply.content_length : reply.body.size());
    }
    const bool stays = keep && (chunked || sized);
    head += stays ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    if (has_body && !reply.stream) head += reply.body;
    connection_.send_all(head);
    if (has_body && reply.stream) {
      ChunkedBody body(connection_, chunked);
      try {
        reply.stream([&body](std::string_view bytes) { body.write(bytes); });
      } catch (const Error&) {
        return false;  // without its last chunk: the reader sees that it is cut
      }
      body.finish();
    }
    return stays;
  }

  bool refuse(int status) {
    connection_.send_all(fmt::format("HTTP/1.1 {} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status));
    return false;
  }

  Store& store_;
  Connection& connection_;
  std::atomic<uint64_t>& requests_;
  std::string received_;
};

}  // namespace

struct GatewayServer::Impl {
  std::shared_ptr<Store> store;
  GatewayServerOptions options;
  int listener = -1;
  uint16_t port = 0;
  std::atomic<bool> stopping = false;
  std::atomic<uint64_t> requests = 0;
  std::atomic<uint64_t> sent = 0;
  std::thread acceptor;
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;

  void listen_on() {
    sockaddr_storage address{};
    socklen_t size = 0;
    if (auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
        inet_pton(AF_INET, options.address.c_str(), &v4->sin_addr) == 1) {
      v4->sin_family = AF_INET;
      v4->sin_port = htons(options.port);
      size = sizeof *v4;
    } else if (auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
               inet_pton(AF_INET6, options.address.c_str(), &v6->sin6_addr) == 1) {
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(options.port);
      size = sizeof *v6;
    } else {
      fail(ErrorCode::invalid_argument, "\"{}\" is no IP address", printable(options.address));
    }
    listener = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    if (listener >= 0) setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener, 128) != 0 || getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      const int reason = errno;
      if (listener >= 0) close(listener);
      fail(ErrorCode::io_error, "cannot listen on {} port {}: {}", options.address, options.port,
           system_reason(reason));
    }
    port = ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&address)->sin_port
                                              : reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  }

  void accept_all() {
    while (!stopping) {
      pollfd fd = {listener, POLLIN, 0};
      if (poll(&fd, 1, kPollMs) <= 0) continue;
      {
        std::unique_lock lock(mutex);
        if (!changed.wait_for(lock, std::chrono::milliseconds(kPollMs),
                              [this] { return running < options.max_connections; }))
          continue;
      }
      const int descriptor = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor < 0) {
        // Out of descriptors: they come back as connections end.
        if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
        continue;
      }
      {
        const std::lock_guard lock(mutex);
        ++running;
      }
      try {
        std::thread([this, descriptor] {
          serve(descriptor);
          const std::lock_guard lock(mutex);
          --running;
          changed.notify_all();
        }).detach();
      } catch (const std::system_error&) {
        close(descriptor);
        const std::lock_guard lock(mutex);
        --running;
      }
    }
  }

  void serve(int descriptor) {
    try {
      Connection connection(descriptor, options.idle_ms, stopping, sent);
      Session(*store, connection, requests).run();
    } catch (const ConnectionEnded&) {
    } catch (const std::exception&) {
      // No memory for this client: the others are served.
    }
  }
};

GatewayServer::GatewayServer(std::shared_ptr<Store> store, const GatewayServerOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->store = std::move(store);
  impl_->options = options;
  impl_->listen_on();
  impl_->acceptor = std::thread([impl = impl_.get()] { impl->accept_all(); });
}

GatewayServer::~GatewayServer() {
  impl_->stopping = true;
  impl_->acceptor.join();
  close(impl_->listener);
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return impl_->running == 0; });
}

uint16_t GatewayServer::port() const {
  return impl_->port;
}

std::string GatewayServer::url() const {
  const bool v6 = impl_->options.address.find(':') != std::string::npos;
  return v6 ? fmt::format("http://[{}]:{}", impl_->options.address, impl_->port)
            : fmt::format("http://{}:{}", impl_->options.address, impl_->port);
}

uint64_t GatewayServer::num_requests() const {
  return impl_->requests;
}

uint64_t GatewayServer::sent_bytes() const {
  return impl_->sent;
}

}  // namespace accelerate::store
