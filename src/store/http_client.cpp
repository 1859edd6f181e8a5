#include "store/http_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>

#include "base/error.h"

namespace accelerate::store {
namespace {

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// What the callbacks of one transfer share.
struct Transfer {
  HttpResponse response;
  CURL* handle = nullptr;
  uint64_t max_body_bytes = 0;
  uint64_t body_bytes = 0;
  const CallLimits* limits = nullptr;
  const TakeBody* take = nullptr;
  bool too_large = false;
  bool private_address = false;
  std::exception_ptr error;
};

size_t take_body(char* data, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (size > transfer.max_body_bytes - transfer.body_bytes) {
    transfer.too_large = true;
    return 0;
  }
  transfer.body_bytes += size;
  try {
    if (*transfer.take) {
      curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &transfer.response.status);
      (*transfer.take)(transfer.response, {data, size});
    } else {
      transfer.response.body.append(data, size);
    }
  } catch (...) {
    transfer.error = std::current_exception();
    return 0;
  }
  return size;
}

constexpr size_t kMaxHeaders = 256;

size_t take_header(char* data, size_t, size_t size, void* context) {
  auto& headers = static_cast<Transfer*>(context)->response.headers;
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) headers.clear();  // what came before was an interim answer
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || headers.size() >= kMaxHeaders) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && std::strchr(" \t\r\n", value.back()) != nullptr) value.remove_suffix(1);
  headers.emplace_back(std::move(name), value);
  return size;
}

bool is_public(const in_addr& address) {
  const uint32_t ip = ntohl(address.s_addr);
  const auto in = [ip](uint32_t net, int bits) { return (ip >> (32 - bits)) == (net >> (32 - bits)); };
  return !(in(0x00000000, 8) || in(0x0A000000, 8) || in(0x64400000, 10) || in(0x7F000000, 8) || in(0xA9FE0000, 16) ||
           in(0xAC100000, 12) || in(0xC0000000, 24) || in(0xC0A80000, 16) || in(0xC6120000, 15) || in(0xE0000000, 3));
}

bool is_public(const in6_addr& address) {
  const auto* b = address.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address)) {
    in_addr v4{};
    std::memcpy(&v4, b + 12, 4);
    return is_public(v4);
  }
  // Global unicast alone; of it, 6to4 and NAT64 could lead back to a private IPv4 address.
  return (b[0] & 0xE0) == 0x20 && !(b[0] == 0x20 && b[1] == 0x02);
}

bool is_public(const sockaddr& address) {
  if (address.sa_family == AF_INET) return is_public(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  if (address.sa_family == AF_INET6) return is_public(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  return false;
}

/// Does a proxy look names up in place of this machine?
bool has_proxy() {
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return true;
  }
  return false;
}

/// Is the host of a URL written as an address that is not public? Names are not looked up.
bool names_private_address(std::string_view url) {
  std::string host = origin_of(url);
  host.erase(0, host.find("//") + 2);
  if (host.starts_with('[')) {
    in6_addr v6{};
    return inet_pton(AF_INET6, host.substr(1, host.find(']') - 1).c_str(), &v6) != 1 || !is_public(v6);
  }
  host = host.substr(0, host.find(':'));
  in_addr v4{};
  if (inet_aton(host.c_str(), &v4) != 0) return !is_public(v4);
  return host == "localhost" || host.ends_with(".localhost");
}

[[noreturn]] void fail_private(std::string_view url) {
  fail(ErrorCode::io_error, "{} is at an address of this machine or of a private network; nothing is asked there",
       printable(url));
}

curl_socket_t open_public_socket(void* context, curlsocktype, curl_sockaddr* address) {
  if (!is_public(address->addr)) {
    static_cast<Transfer*>(context)->private_address = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int check_limits(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  try {
    static_cast<Transfer*>(context)->limits->check();
    return 0;
  } catch (const Error&) {
    return 1;
  }
}

}  // namespace

struct HttpClient::Impl {
  CURL* handle = nullptr;
  std::array<char, CURL_ERROR_SIZE> reason{};
  ~Impl() { curl_easy_cleanup(handle); }
};

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  impl_->handle = curl_easy_init();
  if (impl_->handle == nullptr) fail(ErrorCode::out_of_memory, "no memory for an HTTP client");
}

HttpClient::~HttpClient() = default;

std::string_view HttpResponse::header(std::string_view name) const {
  for (auto i = headers.rbegin(); i != headers.rend(); ++i) {
    if (i->first == name) return i->second;
  }
  return {};
}

HttpResponse HttpClient::send(const HttpRequest& request, const TakeBody& take, const CallLimits& limits) {
  CURL* const handle = impl_->handle;
  curl_easy_reset(handle);  // connections are kept
  Transfer transfer;
  transfer.max_body_bytes = request.max_body_bytes;
  transfer.limits = &limits;
  transfer.take = &take;
  transfer.handle = handle;
  std::unique_ptr<curl_slist, FreeList> headers;
  for (const std::string& header : request.headers) {
    curl_slist* const longer = curl_slist_append(headers.get(), header.c_str());
    if (longer == nullptr) fail(ErrorCode::out_of_memory, "no memory for an HTTP request");
    if (!headers) headers.reset(longer);
  }
  impl_->reason[0] = '\0';
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "ipfs-accelerate");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(request.min_bytes_per_second));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(request.stall_ms) / 1000));
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, impl_->reason.data());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  if (request.public_only) {
    if (names_private_address(request.url)) fail_private(request.url);
    if (!has_proxy()) {
      curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_public_socket);
      curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &transfer);
      curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
    }
  }
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, check_limits);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  const CURLcode code = curl_easy_perform(handle);
  limits.check();
  if (transfer.error) std::rethrow_exception(transfer.error);
  if (transfer.private_address) fail_private(request.url);
  if (transfer.too_large) {
    fail(ErrorCode::io_error, "{} answers with more than {} bytes", printable(request.url), request.max_body_bytes);
  }
  if (code != CURLE_OK) {
    fail(ErrorCode::io_error, "no answer from {}: {}", printable(request.url),
         impl_->reason[0] != '\0' ? printable(impl_->reason.data()) : std::string(curl_easy_strerror(code)));
  }
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &transfer.response.status);
  return std::move(transfer.response);
}

std::string origin_of(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t from = scheme == std::string_view::npos ? 0 : scheme + 3;
  std::string out(url.substr(0, std::min(url.find_first_of("/?#", from), url.size())));
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string redirect_target(std::string_view from, std::string_view location) {
  const std::string origin = origin_of(from);
  if (location.starts_with("https://") || location.starts_with("http://")) {
    if (origin_of(location).find('@') == std::string::npos) return std::string(location);
  } else if (location.starts_with("//")) {
    return redirect_target(from, origin.substr(0, origin.find("//")) + std::string(location));
  } else if (location.starts_with('/')) {
    return origin + std::string(location);
  }
  fail(ErrorCode::io_error, "{} redirects to \"{}\"; expected an http or https address", printable(from),
       printable(location));
}

std::string url_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~/").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string check_source_url(std::string_view url) {
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    fail(ErrorCode::invalid_argument, "\"{}\" is no source; expected http://HOST[:PORT] or https://HOST",
         printable(url));
  }
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (host.empty() || rest.find_first_of("@?# \r\n") != std::string_view::npos) {
    fail(ErrorCode::invalid_argument, "\"{}\" is no source; expected http://HOST[:PORT] or https://HOST",
         printable(url));
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

}  // namespace accelerate::store
