#include "store/gateway.h"

#include <charconv>
#include <memory>
#include <optional>
#include <unordered_set>

#include "base/error.h"
#include "store/dag_pb.h"
#include "store/export.h"
#include "store/ipld.h"
#include "store/unixfs.h"
#include "store/unixfs_read.h"

namespace accelerate::store {
namespace {

constexpr std::string_view kRaw = "application/vnd.ipld.raw";
constexpr std::string_view kCar = "application/vnd.ipld.car";
constexpr size_t kMaxTarget = 8192;

enum class Format { raw, car };
enum class Scope { block, entity, all };

/// What a client asks for.
struct Query {
  Cid root;
  std::string path;
  Format format = Format::raw;
  Scope scope = Scope::all;
  /// Of entity-bytes; negative ones count from the end.
  int64_t from = 0;
  std::optional<int64_t> to;
  bool has_bytes = false;
  bool duplicates = false;
};

/// An answer in place of a reply's content.
struct Refusal {
  int status;
  std::string reason;
};

std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const auto [end, error] = i + 3 <= text.size()
                                  ? std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16)
                                  : std::from_chars_result{nullptr, std::errc::invalid_argument};
    if (error != std::errc() || end != text.data() + i + 3) throw Refusal{400, "an escape that is none in the path"};
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

int64_t number(std::string_view text) {
  int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) throw Refusal{400, "a number that is none"};
  return out;
}

void read_parameter(Query& q, std::string_view name, const std::string& value, std::string& format) {
  if (name == "format") {
    format = value;
  } else if (name == "dag-scope") {
    if (value != "block" && value != "entity" && value != "all")
      throw Refusal{400, "dag-scope is block, entity or all"};
    q.scope = value == "block" ? Scope::block : value == "entity" ? Scope::entity : Scope::all;
  } else if (name == "entity-bytes") {
    const size_t colon = value.find(':');
    if (colon == std::string::npos) throw Refusal{400, "entity-bytes is FROM:TO"};
    q.from = number(std::string_view(value).substr(0, colon));
    if (const std::string_view to = std::string_view(value).substr(colon + 1); to != "*") q.to = number(to);
    q.has_bytes = true;
  } else if (name == "car-dups") {
    q.duplicates = value == "y";
  } else if (name == "car-version" && value != "1") {
    throw Refusal{400, "only CARs of version 1 are served"};
  } else if (name == "car-order" && value != "dfs" && value != "unk") {
    throw Refusal{400, "the order of blocks is dfs"};
  }
}

/// True if a media type is among those of an Accept header; its parameters are returned.
std::optional<std::string> accepted(std::string_view accept, std::string_view type) {
  while (!accept.empty()) {
    const size_t comma = std::min(accept.find(','), accept.size());
    std::string_view one = accept.substr(0, comma);
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.starts_with(type) && (one.size() == type.size() || one[type.size()] == ';' || one[type.size()] == ' ')) {
      return std::string(one.substr(type.size()));
    }
  }
  return std::nullopt;
}

Query parse(const GatewayRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") throw Refusal{405, "only GET and HEAD are served"};
  if (request.target.size() > kMaxTarget) throw Refusal{414, "the path is too long"};
  std::string_view target = request.target;
  const size_t mark = std::min(target.find('?'), target.size());
  std::string_view query = target.substr(std::min(mark + 1, target.size()));
  target = target.substr(0, mark);
  if (!target.starts_with("/ipfs/")) throw Refusal{404, "only /ipfs/CID is served"};
  Query out;
  const std::string path = decoded(target.substr(6));
  const size_t slash = std::min(path.find('/'), path.size());
  try {
    out.root = Cid::parse(std::string_view(path).substr(0, slash));
  } catch (const Error& e) {
    throw Refusal{400, e.message()};
  }
  out.path = path.substr(slash);
  std::string format;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(one.find('='), one.size());
    read_parameter(out, one.substr(0, equals), decoded(one.substr(std::min(equals + 1, one.size()))), format);
  }
  const std::optional<std::string> car = accepted(request.accept, kCar);
  if (format == "raw" || (format.empty() && accepted(request.accept, kRaw))) {
    out.format = Format::raw;
    if (out.path.find_first_not_of('/') != std::string::npos)
      throw Refusal{400, "a raw block is asked for by its CID alone"};
  } else if (format == "car" || (format.empty() && car)) {
    out.format = Format::car;
    if (car) {
      if (car->find("dups=y") != std::string::npos) out.duplicates = true;
      if (car->find("version=2") != std::string::npos) throw Refusal{400, "only CARs of version 1 are served"};
    }
  } else {
    throw Refusal{406,
                  "expected format=raw or format=car, or one of application/vnd.ipld.raw and application/vnd.ipld.car"};
  }
  return out;
}

/// Hands on the blocks that are read, in order.
class Recorder : public BlockSource {
 public:
  Recorder(Store& store, std::function<void(const Cid&, const std::string&)> record)
      : store_(store), record_(std::move(record)) {}
  std::string get(const Cid& cid) override {
    std::string block = store_.get(cid);
    record_(cid, block);
    return block;
  }
  bool has(const Cid& cid) override { return store_.has(cid); }

 private:
  Store& store_;
  std::function<void(const Cid&, const std::string&)> record_;
};

/// Reads what the scope covers through the recorder.
void visit_scope(Store& store, BlockSource& recorder, const Query& q, const Cid& target) {
  if (q.scope == Scope::all && !q.has_bytes) {
    walk_blocks(recorder, target, [](const Cid&, const std::string&) { return true; });
    return;
  }
  if (q.scope == Scope::block || !(target.is(Codec::raw) || target.is(Codec::dag_pb))) {
    get_block(recorder, target);
    return;
  }
  UnixFsReader reader(recorder);
  const UnixFsInfo info = UnixFsReader(store).info(target);
  if (info.kind == UnixFsInfo::Kind::folder) {
    reader.list(target);
  } else if (info.kind == UnixFsInfo::Kind::symlink) {
    get_block(recorder, target);
  } else {
    const auto size = static_cast<int64_t>(info.size_bytes);
    const int64_t from = std::max<int64_t>(q.from < 0 ? size + q.from : q.from, 0);
    const int64_t to = std::min(q.to ? (*q.to < 0 ? size + *q.to : *q.to) : size - 1, size - 1);
    if (from > to) {
      get_block(recorder, target);
      return;
    }
    reader.read(target, static_cast<uint64_t>(from), static_cast<uint64_t>(to - from + 1), [](std::string_view) {});
  }
}

bool matches_etag(std::string_view header, std::string_view etag) {
  if (header == "*") return true;
  const std::string_view strong = etag.starts_with("W/") ? etag.substr(2) : etag;
  return header.find(strong) != std::string_view::npos;
}

void add_common(GatewayReply& reply, const Query& q, const std::string& etag) {
  reply.headers.emplace_back("Etag", etag);
  reply.headers.emplace_back("Cache-Control", "public, max-age=29030400, immutable");
  reply.headers.emplace_back("X-Content-Type-Options", "nosniff");
  reply.headers.emplace_back("X-Ipfs-Roots", q.root.text());
  reply.headers.emplace_back("Access-Control-Allow-Origin", "*");
}

GatewayReply answer_raw(Store& store, const GatewayRequest& request, const Query& q) {
  GatewayReply reply;
  const std::string etag = "\"" + q.root.text() + ".raw\"";
  add_common(reply, q, etag);
  if (!request.if_none_match.empty() && matches_etag(request.if_none_match, etag)) {
    reply.status = 304;
    return reply;
  }
  reply.headers.emplace_back("Content-Type", kRaw);
  reply.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + q.root.text() + ".bin\"");
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  reply.body = store.get(q.root);
  std::string_view range = request.range;
  // Only one range; others are ignored, as HTTP allows.
  if (!range.starts_with("bytes=") || range.find(',') != std::string_view::npos) return reply;
  range.remove_prefix(6);
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return reply;
  const auto size = static_cast<int64_t>(reply.body.size());
  int64_t from = 0;
  int64_t to = size - 1;
  try {
    if (dash == 0) {
      from = std::max<int64_t>(size - number(range.substr(1)), 0);
    } else {
      from = number(range.substr(0, dash));
      if (dash + 1 < range.size()) to = std::min(number(range.substr(dash + 1)), size - 1);
    }
  } catch (const Refusal&) {
    return reply;
  }
  if (from > to || from >= size) {
    reply.status = 416;
    reply.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    reply.body.clear();
    return reply;
  }
  reply.status = 206;
  reply.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", from, to, size));
  reply.body = reply.body.substr(static_cast<size_t>(from), static_cast<size_t>(to - from + 1));
  return reply;
}

GatewayReply answer_car(Store& store, const GatewayRequest& request, const Query& q) {
  GatewayReply reply;
  const std::string_view scope = q.scope == Scope::block ? "block" : q.scope == Scope::entity ? "entity" : "all";
  const std::string etag = fmt::format(
      "W/\"{}.{}.car\"", q.root.text(),
      encode_base(Multibase::base32, sha256_digest(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", q.path, scope, q.has_bytes,
                                                               q.from, q.to.value_or(-1), q.duplicates)))
          .substr(0, 16));
  add_common(reply, q, etag);
  if (!request.if_none_match.empty() && matches_etag(request.if_none_match, etag)) {
    reply.status = 304;
    return reply;
  }
  // What is not there is found before the first byte is sent.
  const auto target = UnixFsReader(store).resolve(q.root, q.path);
  if (!target) throw Refusal{404, "there is no such path below the CID"};
  if (!store.has(*target)) throw Refusal{404, "the store has no block " + target->text()};
  reply.headers.emplace_back("Content-Type",
                             fmt::format("{}; version=1; order=dfs; dups={}", kCar, q.duplicates ? "y" : "n"));
  reply.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + q.root.text() + ".car\"");
  reply.headers.emplace_back("Accept-Ranges", "none");
  reply.stream = [&store, q, target = *target](const WriteBytes& write) {
    CarWriter writer(write, {target});
    std::unordered_set<Cid> seen;
    Recorder recorder(store, [&](const Cid& cid, const std::string& block) {
      if (cid.is_identity() || (!q.duplicates && !seen.insert(cid).second)) return;
      writer.put(cid, block);
    });
    // The blocks on the way to the target prove that it is there.
    if (q.path.find_first_not_of('/') != std::string::npos) UnixFsReader(recorder).resolve(q.root, q.path);
    visit_scope(store, recorder, q, target);
  };
  return reply;
}

GatewayReply refused(int status, const std::string& reason) {
  GatewayReply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}};
  if (status == 405) reply.headers.emplace_back("Allow", "GET, HEAD");
  reply.body = printable(reason, 1000) + "\n";
  return reply;
}

}  // namespace

std::string decode_target_path(std::string_view target) {
  if (target.size() > kMaxTarget) fail(ErrorCode::invalid_argument, "a path of {} bytes", target.size());
  try {
    return decoded(target.substr(0, target.find('?')));
  } catch (const Refusal& refusal) {
    fail(ErrorCode::invalid_argument, "{}", refusal.reason);
  }
}

GatewayReply answer_gateway(Store& store, const GatewayRequest& request) {
  try {
    const Query q = parse(request);
    return q.format == Format::raw ? answer_raw(store, request, q) : answer_car(store, request, q);
  } catch (const Refusal& refusal) {
    return refused(refusal.status, refusal.reason);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::not_found) return refused(404, e.message());
    if (e.code() == ErrorCode::invalid_argument || e.code() == ErrorCode::unsupported_format)
      return refused(400, e.message());
    return refused(500, "the store cannot serve this");
  }
}

}  // namespace accelerate::store
