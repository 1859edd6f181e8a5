#include "store/http_client.h"

#include <curl/curl.h>

#include <array>
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
  uint64_t max_body_bytes = 0;
  const CallLimits* limits = nullptr;
  bool too_large = false;
};

size_t take_body(char* data, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (size > transfer.max_body_bytes - transfer.response.body.size()) {
    transfer.too_large = true;
    return 0;
  }
  transfer.response.body.append(data, size);
  return size;
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

HttpResponse HttpClient::get(const HttpRequest& request, const CallLimits& limits) {
  CURL* const handle = impl_->handle;
  curl_easy_reset(handle);  // connections are kept
  Transfer transfer;
  transfer.max_body_bytes = request.max_body_bytes;
  transfer.limits = &limits;
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
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, check_limits);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  const CURLcode code = curl_easy_perform(handle);
  limits.check();
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
