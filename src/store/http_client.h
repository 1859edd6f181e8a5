#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"

namespace accelerate::store {

struct HttpRequest {
  std::string url;
  /// "Name: value".
  std::vector<std::string> headers;
  int connect_timeout_ms = 10'000;
  /// A server that sends fewer than min_bytes_per_second for stall_ms is given up.
  int stall_ms = 15'000;
  uint64_t min_bytes_per_second = 1024;
  uint64_t max_body_bytes = uint64_t{8} << 20;
};

struct HttpResponse {
  long status = 0;
  std::string body;
};

/// GET over HTTP/1.1 or HTTPS with a connection that is kept. Redirects are not followed: they could lead to an address
/// that was not asked for. Not thread-safe.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is a response. Errors: io_error if there is no whole response, with the reason; cancelled,
  /// deadline_exceeded.
  HttpResponse get(const HttpRequest& request, const CallLimits& limits = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Throws Error(invalid_argument) unless this is an http or https URL of a host without a user, query or fragment;
/// returns it without a slash at its end.
std::string check_source_url(std::string_view url);

}  // namespace accelerate::store
