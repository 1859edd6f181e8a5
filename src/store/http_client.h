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
  /// GET, HEAD or POST.
  std::string method = "GET";
  /// Of a POST.
  std::string body;
  /// "Name: value".
  std::vector<std::string> headers;
  int connect_timeout_ms = 10'000;
  /// A server that sends fewer than min_bytes_per_second for stall_ms is given up.
  int stall_ms = 15'000;
  uint64_t min_bytes_per_second = 1024;
  uint64_t max_body_bytes = uint64_t{8} << 20;
  /// Addresses of this machine and of private networks are refused, whatever name leads to them (with a proxy, which
  /// looks names up itself: those that are written as addresses).
  bool public_only = false;
};

struct HttpResponse {
  long status = 0;
  /// Names are in lower case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// The value of the last header of a name in lower case; empty if there is none.
  std::string_view header(std::string_view name) const;
  bool is_redirect() const { return status >= 300 && status < 400 && status != 304; }
};

/// Takes a piece of the body; status and headers of the response are known.
using TakeBody = std::function<void(const HttpResponse& response, std::string_view bytes)>;

/// Requests over HTTP/1.1 or HTTPS with a connection that is kept. Redirects are not followed: they could lead to an
/// address that was not asked for. Not thread-safe.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is a response. Errors: io_error if there is no whole response, with the reason; cancelled,
  /// deadline_exceeded.
  HttpResponse get(const HttpRequest& request, const CallLimits& limits = {}) { return send(request, {}, limits); }
  /// As get, by the method of the request; `take`, if there is one, gets the body in place of the response.
  /// Errors: also what take throws.
  HttpResponse send(const HttpRequest& request, const TakeBody& take, const CallLimits& limits = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Throws Error(invalid_argument) unless this is an http or https URL of a host without a user, query or fragment;
/// returns it without a slash at its end.
std::string check_source_url(std::string_view url);

/// "https://host:port" of a URL, for comparison.
std::string origin_of(std::string_view url);
/// Where a redirect leads: an absolute URL, or a path of the URL that redirects. Errors: io_error for what is neither.
std::string redirect_target(std::string_view from, std::string_view location);
/// The text with all but letters, digits and "-_.~/" as %XX.
std::string url_escaped(std::string_view text);

}  // namespace accelerate::store
