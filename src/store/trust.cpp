#include "store/trust.h"

#include <algorithm>
#include <optional>

#include "base/environment.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/open_file.h"
#include "store/http_client.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPath = "/signatures/";
constexpr size_t kMaxRecords = 64;
constexpr int kStallMs = 3000;

GatewayReply reply_of(int status, const Json& body) {
  GatewayReply out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json"}, {"X-Content-Type-Options", "nosniff"}};
  out.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

}  // namespace

fs::path TrustPolicy::default_folder() {
  if (const std::string own = environment_variable("ACCELERATE_CONFIG_DIR"); !own.empty()) return own;
  if (const std::string config = environment_variable("XDG_CONFIG_HOME"); config.starts_with('/'))
    return fs::path(config) / "ipfs-accelerate";
  const std::string home = environment_variable("HOME");
  if (home.empty()) fail(ErrorCode::invalid_argument, "no place for keys: set ACCELERATE_CONFIG_DIR or HOME");
  return fs::path(home) / ".config/ipfs-accelerate";
}

TrustPolicy TrustPolicy::load(const fs::path& file) {
  TrustPolicy out;
  std::error_code error;
  if (fs::symlink_status(file, error).type() == fs::file_type::not_found) return out;
  const std::string what = "the trust policy " + shown(file);
  const Json json = parse_json(read_regular_file(file, file, 1 << 20), what);
  const auto keys = json.is_object() ? json.find("keys") : json.end();
  if (!json.is_object() || keys == json.end() || !keys->is_array()) {
    fail(ErrorCode::invalid_model, "{} has no list \"keys\"", what);
  }
  out.require_signature = json_bool(json, "require_signature", std::nullopt);
  for (const Json& key : *keys) {
    if (!key.is_object()) fail(ErrorCode::invalid_model, "{} holds a key that is no object", what);
    out.keys.push_back({json_string(key, "key", std::nullopt), json_string(key, "name", "")});
    try {
      check_public_key(out.keys.back().key);
    } catch (const Error& e) {
      fail(ErrorCode::invalid_model, "{}: {}", what, e.message());
    }
  }
  return out;
}

void TrustPolicy::save(const fs::path& file) const {
  Json list = Json::array();
  for (const TrustedKey& key : keys) list.push_back({{"key", key.key}, {"name", key.name}});
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) fail(ErrorCode::io_error, "cannot make {}: {}", shown(file.parent_path()), error.message());
  write_file_atomic(file, Json{{"require_signature", require_signature}, {"keys", std::move(list)}}.dump(
                              2, ' ', false, Json::error_handler_t::replace) +
                              "\n");
}

std::string TrustPolicy::check(Store& store, const Cid& cid) const {
  std::string others;
  for (const std::string& record : store.signatures(cid)) {
    std::optional<Publication> found;
    try {
      found = verify_publication(record);
    } catch (const Error&) {
      continue;  // changed since it was taken
    }
    if (found->cid != cid) continue;
    for (const std::string& signer : found->signers) {
      for (const TrustedKey& trusted : keys) {
        if (trusted.key == signer) return trusted.name.empty() ? trusted.key : trusted.name;
      }
      others += (others.empty() ? "; signed by " : ", ") + signer;
    }
  }
  if (require_signature) {
    fail(ErrorCode::invalid_model, "{} is not signed by a key that you trust{}; see ipfs-accelerate trust", cid.text(),
         others);
  }
  return "";
}

bool is_signature_path(std::string_view target) {
  return target.starts_with(kPath);
}

GatewayReply answer_signatures(Store& store, const GatewayRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return reply_of(405, {{"error", "only GET and HEAD"}});
  try {
    const std::string path = decode_target_path(request.target);
    const Cid cid = Cid::parse(std::string_view(path).substr(kPath.size()));
    Json list = Json::array();
    for (const std::string& record : store.signatures(cid)) {
      if (list.size() < kMaxRecords) list.push_back(parse_json(record, "a signature record", 16));
    }
    return reply_of(200, {{"signatures", std::move(list)}});
  } catch (const Error& e) {
    return reply_of(e.code() == ErrorCode::invalid_argument ? 400 : 500, {{"error", "no signatures of this"}});
  }
}

void fetch_signatures(Store& store, const Cid& cid, const std::vector<std::string>& sources, const CallLimits& limits) {
  HttpClient client;
  for (const std::string& source : sources) {
    HttpRequest request;
    request.url = check_source_url(source) + std::string(kPath) + cid.text();
    request.connect_timeout_ms = kStallMs;
    request.stall_ms = kStallMs;
    request.max_body_bytes = kMaxRecords * kMaxRecordBytes;
    Json answer;
    try {
      const HttpResponse response = client.get(request, limits);
      if (response.status != 200) continue;
      answer = parse_json(response.body, "the signatures of a source", 16);
    } catch (const Error&) {
      limits.check();
      continue;
    }
    const auto list = answer.is_object() ? answer.find("signatures") : answer.end();
    if (!answer.is_object() || list == answer.end() || !list->is_array()) continue;
    for (size_t i = 0; i < std::min(list->size(), kMaxRecords); ++i) {
      const std::string record = (*list)[i].dump(-1, ' ', false, Json::error_handler_t::replace);
      bool holds = false;
      try {
        holds = verify_publication(record).cid == cid;
      } catch (const Error&) {
        // It proves nothing, and is not kept.
      }
      if (holds) store.add_signature(cid, record);
    }
  }
}

}  // namespace accelerate::store
