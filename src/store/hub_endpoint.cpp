#include "store/hub_endpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "store/hub_cache.h"
#include "store/unixfs_read.h"

namespace accelerate::store {
namespace {

constexpr std::string_view kApi = "/api/models/";
constexpr std::string_view kResolve = "/resolve/";
constexpr size_t kMaxFiles = 100'000;

GatewayReply hub_error(int status, std::string_view code, const std::string& message) {
  GatewayReply out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json"}};
  if (!code.empty()) out.headers.emplace_back("X-Error-Code", code);
  out.headers.emplace_back("X-Error-Message", printable(message, 200));
  out.body = Json{{"error", printable(message, 400)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

/// The tree behind the name of a repository.
std::optional<Cid> find_repository(Store& store, std::string_view name) {
  try {
    const Cid cid = Cid::parse(name);
    if (store.has(cid)) return cid;
  } catch (const Error&) {
    // No CID: the name of a pin.
  }
  for (const Pin& pin : store.pins()) {
    if (pin.name == name) return pin.cid;
  }
  return std::nullopt;
}

std::string commit_of(const Cid& tree) {
  return encode_base(Multibase::base16, tree.hash().digest).substr(0, 40);
}

void list_files(UnixFsReader& reader, const Cid& folder, const std::string& prefix, int depth, Json& out) {
  if (depth > 64) fail(ErrorCode::invalid_model, "folders deeper than 64");
  for (const UnixFsEntry& entry : reader.list(folder)) {
    if (out.size() > kMaxFiles) fail(ErrorCode::invalid_model, "more than {} files", kMaxFiles);
    if (reader.info(entry.cid).kind == UnixFsInfo::Kind::folder) {
      list_files(reader, entry.cid, prefix + entry.name + "/", depth + 1, out);
    } else {
      out.push_back({{"rfilename", prefix + entry.name}});
    }
  }
}

GatewayReply model_info(Store& store, std::string_view rest) {
  const size_t tree_mark = rest.find("/tree/");
  const bool wants_tree = tree_mark != std::string_view::npos;
  const size_t mark = wants_tree ? tree_mark : rest.find("/revision/");
  const std::string_view name = rest.substr(0, mark);
  const std::string_view revision = mark == std::string_view::npos ? "main" : rest.substr(mark + (wants_tree ? 6 : 10));
  const auto tree = find_repository(store, name);
  if (!tree) return hub_error(404, "RepoNotFound", fmt::format("the store has no repository {}", printable(name)));
  const std::string commit = commit_of(*tree);
  if (revision != "main" && revision != commit)
    return hub_error(404, "RevisionNotFound", "revisions are main and the commit");
  Json files = Json::array();
  UnixFsReader reader(store);
  list_files(reader, *tree, "", 0, files);
  GatewayReply out;
  out.headers = {{"Content-Type", "application/json"}, {"X-Repo-Commit", commit}};
  if (wants_tree) {
    Json entries = Json::array();
    for (const Json& file : files) {
      const std::string path = file.at("rfilename");
      const Cid cid = *reader.resolve(*tree, path);
      entries.push_back({{"type", "file"}, {"oid", cid.text()}, {"size", reader.info(cid).size_bytes}, {"path", path}});
    }
    out.body = entries.dump(-1, ' ', false, Json::error_handler_t::replace);
    return out;
  }
  out.body = Json{{"_id", commit},
                  {"id", name},
                  {"modelId", name},
                  {"sha", commit},
                  {"private", false},
                  {"gated", false},
                  {"disabled", false},
                  {"tags", Json::array()},
                  {"downloads", 0},
                  {"likes", 0},
                  {"siblings", std::move(files)}}
                 .dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

/// [first, last] of "bytes=A-B", "bytes=A-" or "bytes=-N"; nothing if there is no such range in it.
std::optional<std::pair<uint64_t, uint64_t>> one_range(std::string_view text, uint64_t size) {
  if (!text.starts_with("bytes=")) return std::nullopt;
  text.remove_prefix(6);
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits) -> std::optional<uint64_t> {
    uint64_t out = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return out;
  };
  const auto from = number(text.substr(0, dash));
  const auto to = number(text.substr(dash + 1));
  if (!from && !to) return std::nullopt;
  if (!from) return std::pair(size - std::min(size, *to), size - 1);
  return std::pair(*from, to ? std::min(*to, size - 1) : size - 1);
}

GatewayReply resolve_file(Store& store, const GatewayRequest& request, std::string_view name, std::string_view rest) {
  const auto tree = find_repository(store, name);
  if (!tree) return hub_error(404, "RepoNotFound", fmt::format("the store has no repository {}", printable(name)));
  const std::string commit = commit_of(*tree);
  const size_t slash = rest.find('/');
  const std::string_view revision = rest.substr(0, slash);
  if (slash == std::string_view::npos || (revision != "main" && revision != commit)) {
    return hub_error(404, "RevisionNotFound", "revisions are main and the commit");
  }
  UnixFsReader reader(store);
  const auto file = reader.resolve(*tree, rest.substr(slash + 1));
  if (!file || reader.info(*file).kind != UnixFsInfo::Kind::file) {
    GatewayReply missing =
        hub_error(404, "EntryNotFound", fmt::format("there is no file {}", printable(rest.substr(slash + 1))));
    missing.headers.emplace_back("X-Repo-Commit", commit);
    return missing;
  }
  const uint64_t size = reader.info(*file).size_bytes;
  const std::string etag = "\"" + file->text() + "\"";
  GatewayReply out;
  out.headers = {{"Content-Type", "application/octet-stream"},
                 {"ETag", etag},
                 {"X-Repo-Commit", commit},
                 {"Accept-Ranges", "bytes"},
                 {"X-Linked-Etag", etag},
                 {"X-Linked-Size", std::to_string(size)},
                 {"X-Content-Type-Options", "nosniff"}};
  uint64_t from = 0;
  uint64_t count = size;
  if (const auto range = one_range(request.range, size)) {
    if (size == 0 || range->first > range->second || range->first >= size) {
      out.status = 416;
      out.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
      return out;
    }
    out.status = 206;
    out.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", range->first, range->second, size));
    from = range->first;
    count = range->second - range->first + 1;
  }
  out.content_length = count;
  out.stream = [&store, file = *file, from, count](const WriteBytes& write) {
    if (count > 0) UnixFsReader(store).read(file, from, count, write);
  };
  return out;
}

}  // namespace

bool is_hub_path(std::string_view target) {
  return target.starts_with(kApi) || (!target.starts_with("/ipfs/") && target.find(kResolve) != std::string_view::npos);
}

GatewayReply answer_hub(Store& store, const GatewayRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return hub_error(405, "", "only GET and HEAD are served");
  try {
    const std::string path = decode_target_path(request.target);
    if (path.starts_with(kApi)) return model_info(store, std::string_view(path).substr(kApi.size()));
    const size_t mark = path.find(kResolve);
    if (mark == std::string::npos || mark == 0) return hub_error(404, "", "nothing is here");
    return resolve_file(store, request, std::string_view(path).substr(1, mark - 1),
                        std::string_view(path).substr(mark + kResolve.size()));
  } catch (const Error& e) {
    if (e.code() == ErrorCode::not_found) return hub_error(404, "EntryNotFound", e.message());
    if (e.code() == ErrorCode::invalid_argument) return hub_error(400, "", e.message());
    return hub_error(500, "", "the store cannot serve this");
  }
}

}  // namespace accelerate::store
