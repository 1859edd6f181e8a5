#include "store/hub_client.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/environment.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/open_file.h"
#include "store/http_client.h"
#include "store/hub_etag.h"
#include "store/store_impl.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxInfoBytes = 64 << 20;
constexpr size_t kMaxFiles = 100'000;
constexpr int kMaxRedirects = 8;
/// Attempts in a row that brought no byte.
constexpr int kMaxFruitless = 5;

/// A file of the repository and what the hub says about it.
struct HubFile {
  std::string name;
  std::string etag;
  uint64_t size_bytes = 0;
  bool there = false;
};

/// The hub gave no answer, or one that passes: the cache may do instead.
class HubUnavailable : public Error {
 public:
  explicit HubUnavailable(const std::string& reason) : Error(ErrorCode::io_error, reason) {}
};

[[noreturn]] void refuse(const HttpResponse& response, const std::string& what) {
  const std::string_view code = response.header("x-error-code");
  const std::string said = printable(response.header("x-error-message"));
  const std::string tail = said.empty() ? "" : ": " + said;
  if (code == "GatedRepo") {
    fail(ErrorCode::invalid_argument, "{} is gated: ask for access on the hub, and set HF_TOKEN{}", what, tail);
  }
  if (response.status == 401 || response.status == 403) {
    fail(ErrorCode::invalid_argument, "the hub does not give {} (status {}): check its name, and set HF_TOKEN{}", what,
         response.status, tail);
  }
  if (response.status == 404) fail(ErrorCode::not_found, "the hub has no {}{}", what, tail);
  if (response.status >= 500 || response.status == 429) {
    throw HubUnavailable(fmt::format("the hub answers {} with status {}{}", what, response.status, tail));
  }
  fail(ErrorCode::io_error, "the hub answers {} with status {}{}", what, response.status, tail);
}

bool matches_any(const std::vector<std::string>& patterns, const std::string& name) {
  const std::string last = name.substr(name.rfind('/') + 1);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) {
    return fnmatch(p.c_str(), name.c_str(), 0) == 0 || fnmatch(p.c_str(), last.c_str(), 0) == 0;
  });
}

/// Weights of other programs beside those that are read here.
bool is_other_weights(std::string_view name) {
  for (const std::string_view suffix : {".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".ot", ".onnx", ".onnx_data",
                                        ".tflite", ".mlmodel", ".gguf"}) {
    if (name.ends_with(suffix)) return true;
  }
  return false;
}

class Downloader {
 public:
  Downloader(const HubCache& cache, const HubRepository& repository, std::string revision, const HubOptions& options,
             const StoreCall& call)
      : options_(options), call_(call), repository_(repository), revision_(std::move(revision)) {
    endpoint_ = check_source_url(options.endpoint);
    folder_ = cache.folder() / repository.folder_name();
    locks_ = cache.folder() / ".locks" / repository.folder_name();
  }

  HubDownload run() {
    HubDownload out;
    std::vector<HubFile> files = list(out);
    out.folder = folder_ / "snapshots" / out.commit;
    out.files = files.size();
    parallel(files, [&](HttpClient& client, HubFile& file) { examine(client, out, file); });
    uint64_t total = 0;
    for (const HubFile& file : files) {
      if (file.size_bytes > options_.max_bytes - std::min(total, options_.max_bytes)) {
        fail(ErrorCode::invalid_argument, "{} has more than {} bytes", repository_.id, options_.max_bytes);
      }
      total += file.size_bytes;
    }
    progress_.total_bytes = total;
    make_folder(folder_ / "blobs");
    make_folder(locks_);
    make_folder(out.folder);
    parallel(files, [&](HttpClient& client, HubFile& file) {
      if (file.there) return;
      fetch(client, out, file);
      link_blob(folder_, out.commit, file.name, file.etag);
    });
    if (revision_ != out.commit) write_ref(folder_, revision_, out.commit);
    return out;
  }

 private:
  std::string kind_path() const {
    switch (repository_.kind) {
      case HubRepository::Kind::model: return "";
      case HubRepository::Kind::dataset: return "datasets/";
      case HubRepository::Kind::space: return "spaces/";
    }
    return "";
  }

  HttpRequest request(const std::string& url) const {
    HttpRequest out;
    out.url = url;
    out.stall_ms = options_.stall_ms;
    out.connect_timeout_ms = std::min(options_.stall_ms, out.connect_timeout_ms);
    out.headers = {"Accept-Encoding: identity"};
    if (origin_of(url) == origin_of(endpoint_)) {
      if (!options_.token.empty()) out.headers.push_back("Authorization: Bearer " + options_.token);
    } else {
      out.public_only = true;
    }
    return out;
  }

  /// Follows redirects while `follow` wants it.
  HttpResponse ask(HttpClient& client, HttpRequest first, const TakeBody& take,
                   const std::function<bool(const HttpResponse&, const std::string& to)>& follow) {
    for (int hop = 0;; ++hop) {
      HttpResponse response;
      try {
        response = client.send(first, take, call_.limits);
      } catch (const Error& e) {
        if (e.code() != ErrorCode::io_error || first.public_only) throw;
        throw HubUnavailable(e.message());
      }
      if (!response.is_redirect()) return response;
      const std::string to = redirect_target(first.url, response.header("location"));
      if (!follow(response, to)) return response;
      if (hop == kMaxRedirects) fail(ErrorCode::io_error, "{} redirects without end", printable(first.url));
      if (first.url.starts_with("https://") && !to.starts_with("https://")) {
        fail(ErrorCode::io_error, "{} redirects to {}, which is not encrypted", printable(first.url), printable(to));
      }
      HttpRequest next = request(to);
      next.method = first.method;
      next.max_body_bytes = first.max_body_bytes;
      for (const std::string& header : first.headers) {
        if (header.starts_with("Range: ")) next.headers.push_back(header);
      }
      first = std::move(next);
    }
  }

  std::vector<HubFile> list(HubDownload& out) {
    const std::string what = fmt::format("repository {} at revision {}", repository_.id, printable(revision_));
    HttpClient client;
    const std::string kind = kind_path();
    HttpRequest info = request(fmt::format("{}/api/{}{}/revision/{}", endpoint_, kind.empty() ? "models/" : kind,
                                           repository_.id, escaped_revision()));
    info.max_body_bytes = kMaxInfoBytes;
    const HttpResponse response = ask(client, info, {}, [this](const HttpResponse&, const std::string& to) {
      return origin_of(to) == origin_of(endpoint_);
    });
    if (response.status != 200) refuse(response, what);
    const Json json = parse_json(response.body, "the hub's answer about " + repository_.id);
    if (!json.is_object()) fail(ErrorCode::invalid_model, "the hub's answer about {} is no object", what);
    out.commit = json_string(json, "sha", std::nullopt);
    if (out.commit.size() != 40 || out.commit.find_first_not_of("0123456789abcdef") != std::string::npos) {
      fail(ErrorCode::invalid_model, "the hub says that the commit of {} is \"{}\"; expected 40 hexadecimal digits",
           what, printable(out.commit));
    }
    const auto siblings = json.find("siblings");
    if (siblings == json.end() || !siblings->is_array() || siblings->size() > kMaxFiles) {
      fail(ErrorCode::invalid_model, "the hub's answer about {} has no list of at most {} files", what, kMaxFiles);
    }
    std::vector<std::string> names;
    for (const Json& sibling : *siblings) {
      if (!sibling.is_object()) fail(ErrorCode::invalid_model, "the hub's list of files of {} is none", what);
      names.push_back(json_string(sibling, "rfilename", std::nullopt));
      check_file_name(names.back());
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return choose(names, out);
  }

  std::vector<HubFile> choose(const std::vector<std::string>& names, HubDownload& out) const {
    const bool safe =
        std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".safetensors"); });
    std::vector<HubFile> files;
    for (const std::string& name : names) {
      const bool wanted =
          options_.include.empty() ? !(safe && is_other_weights(name)) : matches_any(options_.include, name);
      if (wanted && !matches_any(options_.exclude, name)) {
        files.push_back({name, "", 0, false});
      } else {
        out.left_out.push_back(name);
      }
    }
    return files;
  }

  std::string escaped_revision() const {
    std::string out;
    for (const char c : url_escaped(revision_)) out += c == '/' ? std::string("%2F") : std::string(1, c);
    return out;
  }

  std::string url_of(const HubDownload& out, const HubFile& file) const {
    return fmt::format("{}/{}{}/resolve/{}/{}", endpoint_, kind_path(), repository_.id, out.commit,
                       url_escaped(file.name));
  }

  /// Asks for the ETag and size of a file that the snapshot does not have.
  void examine(HttpClient& client, const HubDownload& out, HubFile& file) {
    std::error_code ignored;
    const fs::path link = out.folder / file.name;
    if (fs::is_regular_file(link, ignored)) {
      file.there = true;
      file.size_bytes = fs::file_size(link, ignored);
      advance(file.size_bytes);
      return;
    }
    HttpRequest head = request(url_of(out, file));
    head.method = "HEAD";
    const HttpResponse response = ask(client, head, {}, [this](const HttpResponse& r, const std::string& to) {
      return r.header("x-linked-etag").empty() && origin_of(to) == origin_of(endpoint_);
    });
    if (response.status != 200 && !response.is_redirect()) refuse(response, "file " + printable(file.name));
    std::string_view etag = response.header("x-linked-etag");
    if (etag.empty()) etag = response.header("etag");
    std::string_view size = response.header("x-linked-size");
    if (size.empty()) size = response.header("content-length");
    file.etag = HubEtag::parse(etag).text();
    char* end = nullptr;
    errno = 0;
    const std::string digits(size);
    file.size_bytes = std::strtoull(digits.c_str(), &end, 10);
    if (digits.empty() || digits[0] == '-' || *end != '\0' || errno != 0) {
      fail(ErrorCode::invalid_model, "the hub says that {} has \"{}\" bytes", printable(file.name), printable(digits));
    }
  }

  void fetch(HttpClient& client, HubDownload& out, const HubFile& file) {
    const fs::path blob = folder_ / "blobs" / file.etag;
    // The lock that huggingface_hub takes.
    const FolderLock lock(locks_ / (file.etag + ".lock"), true, call_.limits);
    std::error_code ignored;
    if (fs::is_regular_file(blob, ignored) && fs::file_size(blob, ignored) == file.size_bytes) {
      advance(file.size_bytes);
      return;
    }
    const HubEtag etag = HubEtag::parse(file.etag);
    const fs::path incomplete = blob.native() + ".incomplete";
    for (bool resumed = true; resumed;) {
      const int descriptor = open(incomplete.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
      if (descriptor < 0) fail(ErrorCode::io_error, "cannot write {}: {}", shown(incomplete), system_reason(errno));
      const OpenFile opened(descriptor);
      uint64_t fetched = 0;
      resumed = fill(client, out, file, opened, incomplete, fetched);
      {
        const std::lock_guard guard(mutex_);
        ++out.fetched_files;
        out.fetched_bytes += fetched;
      }
      if (etag.matches(incomplete, call_.limits)) {
        put_in_place(descriptor, incomplete, blob);
        return;
      }
      unlink(incomplete.c_str());
      // What an earlier attempt left may have been wrong: once more, from the beginning.
      if (resumed) rewind(file.size_bytes);
    }
    fail(ErrorCode::invalid_model, "the hub sent other bytes for {} than its ETag {} says", printable(file.name),
         file.etag);
  }

  /// Fetches what a file lacks; true if it had a part already.
  bool fill(HttpClient& client, const HubDownload& out, const HubFile& file, const OpenFile& opened,
            const fs::path& path, uint64_t& fetched) {
    struct stat status{};
    if (fstat(opened.descriptor(), &status) != 0) {
      fail(ErrorCode::io_error, "cannot examine {}: {}", shown(path), system_reason(errno));
    }
    uint64_t at = static_cast<uint64_t>(status.st_size);
    const auto restart = [&] {
      rewind(at);
      at = 0;
      if (ftruncate(opened.descriptor(), 0) != 0) {
        fail(ErrorCode::io_error, "cannot empty {}: {}", shown(path), system_reason(errno));
      }
    };
    advance(at);
    if (at > file.size_bytes) restart();
    const bool resumed = at > 0;
    int fruitless = 0;
    while (at < file.size_bytes) {
      HttpRequest get = request(url_of(out, file));
      get.max_body_bytes = file.size_bytes + kMaxInfoBytes;
      if (at > 0) get.headers.push_back(fmt::format("Range: bytes={}-", at));
      const uint64_t before = at;
      bool first = true;
      std::string reason;
      bool ours = false;  // the fault is not the network's
      HttpResponse response;
      try {
        response = ask(
            client, get,
            [&](const HttpResponse& r, std::string_view bytes) {
              if (r.status != 200 && r.status != 206) return;
              ours = true;
              if (first && r.status == 200 && at > 0) restart();
              if (first && r.status == 206 && !r.header("content-range").starts_with(fmt::format("bytes {}-", at))) {
                fail(ErrorCode::io_error, "the hub sends {} from another place than it was asked for",
                     printable(file.name));
              }
              first = false;
              if (bytes.size() > file.size_bytes - at) {
                fail(ErrorCode::invalid_model, "the hub sends more than the {} bytes of {}", file.size_bytes,
                     printable(file.name));
              }
              write_all_at(opened.descriptor(), at, bytes, path);
              at += bytes.size();
              fetched += bytes.size();
              advance(bytes.size());
              ours = false;
            },
            [](const HttpResponse&, const std::string&) { return true; });
        if (response.status == 416) {
          restart();
          reason = "the hub has no such range of it";
        } else if (response.status != 200 && response.status != 206) {
          refuse(response, "file " + printable(file.name));
        } else {
          reason = fmt::format("it ended after {} of {} bytes", at, file.size_bytes);
        }
      } catch (const Error& e) {
        if (ours || e.code() != ErrorCode::io_error) throw;
        reason = e.message();
      }
      if (at == file.size_bytes) break;
      fruitless = at > before ? 0 : fruitless + 1;
      if (fruitless == kMaxFruitless) {
        fail(ErrorCode::io_error, "{} could not be fetched: {}", printable(file.name), reason);
      }
      pause(std::chrono::milliseconds(100) * (1 << fruitless));
    }
    return resumed;
  }

  void pause(std::chrono::milliseconds time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
      check();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  void check() const {
    call_.limits.check();
    if (stop_.cancelled()) fail(ErrorCode::cancelled, "another file could not be fetched");
  }

  void advance(uint64_t bytes) {
    check();
    const std::lock_guard guard(mutex_);
    progress_.done_bytes += bytes;
    if (call_.progress) call_.progress(progress_);
  }
  void rewind(uint64_t bytes) {
    const std::lock_guard guard(mutex_);
    progress_.done_bytes -= std::min(bytes, progress_.done_bytes);
  }

  static void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) fail(ErrorCode::io_error, "cannot make {}: {}", shown(folder), error.message());
  }

  /// One client a thread; the first error ends all.
  void parallel(std::vector<HubFile>& files, const std::function<void(HttpClient&, HubFile&)>& work) {
    size_t next = 0;
    std::exception_ptr error;
    const auto loop = [&] {
      HttpClient client;
      while (true) {
        size_t mine = 0;
        {
          const std::lock_guard guard(mutex_);
          if (error || next == files.size()) return;
          mine = next++;
        }
        try {
          work(client, files[mine]);
        } catch (...) {
          const std::lock_guard guard(mutex_);
          if (!error) error = std::current_exception();
          stop_.cancel();
          return;
        }
      }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < std::clamp(options_.connections, 1, 64) && static_cast<size_t>(i) < files.size(); ++i) {
      threads.emplace_back(loop);
    }
    for (std::thread& t : threads) t.join();
    if (error) std::rethrow_exception(error);
  }

  const HubOptions& options_;
  const StoreCall& call_;
  HubRepository repository_;
  std::string revision_;
  std::string endpoint_;
  fs::path folder_;
  fs::path locks_;
  mutable std::mutex mutex_;
  CancelToken stop_;
  StoreProgress progress_;
};

}  // namespace

HubOptions HubOptions::from_environment() {
  HubOptions out;
  if (const std::string endpoint = environment_variable("HF_ENDPOINT"); !endpoint.empty()) out.endpoint = endpoint;
  out.offline = HubCache::offline();
  out.token = environment_variable("HF_TOKEN");
  const std::string implicit = environment_variable("HF_HUB_DISABLE_IMPLICIT_TOKEN");
  if (out.token.empty() && (implicit.empty() || implicit == "0")) {
    std::string file = environment_variable("HF_TOKEN_PATH");
    if (file.empty()) {
      const std::string home = environment_variable("HF_HOME");
      file = home.empty() ? environment_variable("HOME") + "/.cache/huggingface/token" : home + "/token";
    }
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored)) out.token = read_file(file, 4096);
  }
  while (!out.token.empty() && static_cast<unsigned char>(out.token.back()) <= ' ') out.token.pop_back();
  if (std::any_of(out.token.begin(), out.token.end(), [](char c) { return c <= ' ' || c > '~'; })) {
    fail(ErrorCode::invalid_argument, "the hub's token holds spaces or control characters; check HF_TOKEN");
  }
  return out;
}

HubDownload download_snapshot(const HubCache& cache, const HubRepository& repository, std::string_view revision,
                              const HubOptions& options, const StoreCall& call) {
  const auto cached = cache.find(repository, revision);  // checks the revision
  std::string reason = "HF_HUB_OFFLINE is set";
  if (!options.offline) {
    try {
      return Downloader(cache, repository, std::string(revision), options, call).run();
    } catch (const HubUnavailable& e) {
      if (!cached) throw;
      reason = e.message();
    }
  }
  if (!cached) {
    fail(ErrorCode::not_found, "the hub's cache has no {} at revision {}, and {}", repository.id, printable(revision),
         reason);
  }
  HubDownload out;
  out.folder = *cached;
  out.commit = cached->filename().native();
  out.from_cache_reason = reason;
  return out;
}

HubName HubName::parse(std::string_view text) {
  if (text.starts_with("hf://")) text.remove_prefix(5);
  HubName out;
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    out.revision = std::string(text.substr(at + 1));
    text = text.substr(0, at);
  }
  out.repository = HubRepository::parse(text);
  return out;
}

bool HubName::is_one(std::string_view text) {
  if (text.starts_with("hf://")) return true;
  if (text.find('/') == std::string_view::npos || text.find("://") != std::string_view::npos) return false;
  try {
    parse(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace accelerate::store
