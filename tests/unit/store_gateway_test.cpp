#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "error_matchers.h"
#include "store/database.h"
#include "store/gateway.h"
#include "store/gateway_server.h"
#include "store/http_client.h"
#include "store/hub_endpoint.h"
#include "store/pull.h"
#include "store/unixfs_read.h"
#include "store_golden.h"
#include "temporary_folder.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;
using test::SeededBytes;
using test::TemporaryFolder;
using test::throws_error;

/// Answers every connection with the same bytes, or never.
class FixedServer {
 public:
  explicit FixedServer(std::string answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no server");
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] {
      std::vector<int> held;
      for (int c = 0; (c = accept(listener_, nullptr, nullptr)) >= 0;) {
        ++connections_;
        held.push_back(c);
        if (answer_.empty()) continue;
        char request[4096];
        if (recv(c, request, sizeof request, 0) > 0) send(c, answer_.data(), answer_.size(), MSG_NOSIGNAL);
        close(c);
        held.pop_back();
      }
      for (const int c : held) close(c);
    });
  }
  ~FixedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  const std::string& url() const { return url_; }
  int connections() const { return connections_; }

 private:
  std::string answer_;
  int listener_ = -1;
  std::string url_;
  std::thread thread_;
  std::atomic<int> connections_ = 0;
};

class StoreGateway : public testing::Test {
 protected:
  TemporaryFolder folder;
  Executor executor{ExecutorOptions{.num_threads = 1}};
  std::shared_ptr<Store> store = Store::open(folder.path() / "store");
  std::string weights = SeededBytes(30, 3'000'000).all();
  Cid root;
  Cid file;

  void SetUp() override {
    folder.write("m/config.json", "{}");
    folder.write("m/sub/weights", weights);
    AddOptions options;
    options.copy = true;
    options.import.chunker = ChunkerSpec::parse("size-65536");
    root = store->add(folder.path() / "m", options, executor).cid;
    file = *UnixFsReader(*store).resolve(root, "sub/weights");
  }

  GatewayReply get(const std::string& target, const std::string& accept = "", const std::string& method = "GET") {
    return answer_gateway(*store, {method, target, accept, "", ""});
  }
  static std::string header(const GatewayReply& reply, std::string_view name) {
    for (const auto& [n, value] : reply.headers) {
      if (n == name) return value;
    }
    return "";
  }
  static std::vector<CarReader::Block> blocks_of(const GatewayReply& reply) {
    std::string car;
    reply.stream([&](std::string_view b) { car += b; });
    CarReader reader([&, at = size_t{0}](std::span<char> into) mutable {
      const size_t n = car.copy(into.data(), into.size(), at);
      at += n;
      return n;
    });
    std::vector<CarReader::Block> out;
    for (CarReader::Block b; reader.next(b);) out.push_back(b);
    return out;
  }
  static PullOptions from(std::vector<std::string> sources) {
    PullOptions out;
    out.sources = std::move(sources);
    out.stall_ms = 1000;
    return out;
  }
  void expect_whole(Store& other) {
    EXPECT_EQ(UnixFsReader(other).read_all(file, 1 << 30), weights);
    EXPECT_EQ(UnixFsReader(other).read_all(*UnixFsReader(other).resolve(root, "config.json"), 100), "{}");
    EXPECT_TRUE(other.is_pinned(root));
    EXPECT_TRUE(other.verify().faults.empty());
    EXPECT_TRUE(other.whole_file(file));
  }
};

TEST_F(StoreGateway, RawBlocks) {
  const GatewayReply reply = get("/ipfs/" + root.text() + "?format=raw");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(root.matches(reply.body));
  EXPECT_EQ(header(reply, "Content-Type"), "application/vnd.ipld.raw");
  EXPECT_EQ(header(reply, "Etag"), "\"" + root.text() + ".raw\"");
  EXPECT_EQ(get("/ipfs/" + root.text(), "text/html, application/vnd.ipld.raw;q=0.9").body, reply.body);
  const GatewayReply same =
      answer_gateway(*store, {"GET", "/ipfs/" + root.text() + "?format=raw", "", "", header(reply, "Etag")});
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.body.empty());
  const auto range = [&](const std::string& r) {
    return answer_gateway(*store, {"GET", "/ipfs/" + root.text() + "?format=raw", "", r, ""});
  };
  EXPECT_EQ(range("bytes=3-9").status, 206);
  EXPECT_EQ(range("bytes=3-9").body, reply.body.substr(3, 7));
  EXPECT_EQ(range("bytes=-4").body, reply.body.substr(reply.body.size() - 4));
  EXPECT_EQ(range("bytes=5-").body, reply.body.substr(5));
  EXPECT_EQ(header(range("bytes=3-9"), "Content-Range"), "bytes 3-9/" + std::to_string(reply.body.size()));
  EXPECT_EQ(range("bytes=99999-").status, 416);
  EXPECT_EQ(range("bytes=x").status, 200);
  EXPECT_EQ(range("lines=1-2").status, 200);
}

TEST_F(StoreGateway, Refusals) {
  EXPECT_EQ(get("/ipfs/" + root.text()).status, 406);
  EXPECT_EQ(get("/ipfs/" + root.text() + "?format=html").status, 406);
  EXPECT_EQ(get("/ipfs/nonsense?format=raw").status, 400);
  EXPECT_EQ(get("/ipfs/%zz?format=raw").status, 400);
  EXPECT_EQ(get("/ipfs/%4?format=raw").status, 400);
  EXPECT_EQ(get("/ipns/x?format=raw").status, 404);
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/ipfs/" + root.text() + "/config.json?format=raw").status, 400);
  EXPECT_EQ(get("/ipfs/" + root.text() + "/none?format=car").status, 404);
  EXPECT_EQ(get("/ipfs/" + root.text() + "/../x?format=car").status, 404);
  EXPECT_EQ(get("/ipfs/" + root.text() + "?format=car&dag-scope=some").status, 400);
  EXPECT_EQ(get("/ipfs/" + root.text() + "?format=car&entity-bytes=1").status, 400);
  EXPECT_EQ(get("/ipfs/" + root.text() + "?format=car&car-version=2").status, 400);
  EXPECT_EQ(get("/ipfs/" + root.text() + "?format=raw", "", "POST").status, 405);
  EXPECT_EQ(get("/ipfs/" + std::string(9000, 'x')).status, 414);
  EXPECT_EQ(get("/ipfs/" + Cid::of(1, Codec::raw, HashFunction::sha2_256, "none").text() + "?format=raw").status, 404);
}

TEST_F(StoreGateway, Cars) {
  const std::string base = "/ipfs/" + root.text();
  const GatewayReply all = get(base, "application/vnd.ipld.car; version=1; order=dfs; dups=n");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(header(all, "Content-Type"), "application/vnd.ipld.car; version=1; order=dfs; dups=n");
  const auto blocks = blocks_of(all);
  EXPECT_EQ(blocks.size(), 46U + 1 + 3);  // leaves, the file's node, two folders, config.json
  EXPECT_EQ(blocks[0].cid, root);
  EXPECT_EQ(blocks_of(get(base + "?format=car&dag-scope=block")).size(), 1U);
  EXPECT_EQ(blocks_of(get(base + "?format=car&dag-scope=entity")).size(), 1U);
  EXPECT_EQ(blocks_of(get(base + "/sub/weights?format=car&dag-scope=entity")).size(), 46U + 1 + 2);
  // Bytes 100000 to 200000 are in leaves 1 to 3.
  const auto part = blocks_of(get(base + "/sub/weights?format=car&dag-scope=entity&entity-bytes=100000:200000"));
  EXPECT_EQ(part.size(), 3U + 1 + 2);
  EXPECT_EQ(blocks_of(get(base + "/sub/weights?format=car&dag-scope=entity&entity-bytes=-10:*")).size(), 1U + 1 + 2);
}

TEST_F(StoreGateway, ServesOverHttp) {
  const GatewayServer server(store);
  HttpClient client;
  HttpRequest request;
  for (int i = 0; i < 3; ++i) {  // on one connection
    request.url = server.url() + "/ipfs/" + root.text() + "?format=raw";
    const HttpResponse reply = client.get(request);
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(root.matches(reply.body));
    request.url = server.url() + "/ipfs/" + root.text() + "?format=car";
    EXPECT_EQ(client.get(request).status, 200);
  }
  EXPECT_EQ(server.num_requests(), 6U);
  request.headers = {"X: " + std::string(20'000, 'x')};
  EXPECT_EQ(client.get(request).status, 431);
  request.headers = {};
  request.max_body_bytes = 100;
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"more than 100"}, [&] { client.get(request); }));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_argument, {"IP address"}, [&] { GatewayServer(store, {.address = "nowhere"}); }));
}

TEST_F(StoreGateway, HubEndpoint) {
  const auto hub = [&](const std::string& target, const std::string& range = "") {
    return answer_hub(*store, {"GET", target, "", range, ""});
  };
  const auto body = [](const GatewayReply& reply) {
    std::string out;
    reply.stream([&](std::string_view b) { out += b; });
    EXPECT_EQ(reply.content_length, out.size());
    return out;
  };
  const GatewayReply info = hub("/api/models/" + root.text());
  ASSERT_EQ(info.status, 200);
  EXPECT_NE(info.body.find("sub/weights"), std::string::npos);
  const std::string commit = header(info, "X-Repo-Commit");
  EXPECT_EQ(commit.size(), 40U);
  EXPECT_EQ(hub("/api/models/m/revision/main").status, 200);  // the name of its pin
  EXPECT_EQ(hub("/api/models/m/revision/" + commit).status, 200);
  EXPECT_EQ(header(hub("/api/models/m/revision/v2"), "X-Error-Code"), "RevisionNotFound");
  EXPECT_EQ(header(hub("/api/models/other"), "X-Error-Code"), "RepoNotFound");
  const std::string file_url = "/" + root.text() + "/resolve/main/sub%2Fweights";
  const GatewayReply whole = hub(file_url);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(body(whole), weights);
  EXPECT_EQ(header(whole, "ETag"), "\"" + file.text() + "\"");
  EXPECT_EQ(hub(file_url, "bytes=1000-1999").status, 206);
  EXPECT_EQ(body(hub(file_url, "bytes=1000-1999")), weights.substr(1000, 1000));
  EXPECT_EQ(body(hub(file_url, "bytes=2999990-")), weights.substr(2999990));
  EXPECT_EQ(body(hub(file_url, "bytes=-5")), weights.substr(weights.size() - 5));
  EXPECT_EQ(hub(file_url, "bytes=3000000-").status, 416);
  EXPECT_EQ(header(hub("/" + root.text() + "/resolve/main/none"), "X-Error-Code"), "EntryNotFound");
  EXPECT_EQ(header(hub("/" + root.text() + "/resolve/main/../x"), "X-Error-Code"), "EntryNotFound");
  EXPECT_EQ(header(hub("/" + root.text() + "/resolve/main/sub"), "X-Error-Code"), "EntryNotFound");
  EXPECT_EQ(hub("/resolve/x").status, 404);
  EXPECT_EQ(answer_hub(*store, {"POST", file_url, "", "", ""}).status, 405);
  const GatewayServer server(store);
  HttpClient client;
  HttpRequest request;
  request.url = server.url() + file_url;
  const HttpResponse reply = client.get(request);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, weights);
}

TEST_F(StoreGateway, PullsFromTwoSources) {
  const GatewayServer one(store);
  const GatewayServer two(store);
  const auto other = Store::open(folder.path() / "other");
  const PullResult result = pull(*other, root, from({one.url(), two.url()}));
  EXPECT_EQ(result.fetched_blocks, 50U);
  EXPECT_EQ(result.sources[0].blocks + result.sources[1].blocks, 50U);
  EXPECT_GT(result.sources[0].blocks, 0U);
  EXPECT_GT(result.sources[1].blocks, 0U);
  expect_whole(*other);
  EXPECT_EQ(pull(*other, root, from({one.url()})).fetched_blocks, 0U);
}

TEST_F(StoreGateway, LiarsStallersAndRedirectsAreGivenUp) {
  // A store whose index was tampered with serves wrong bytes under the right names.
  TemporaryFolder elsewhere;
  const auto lying = Store::open(elsewhere.path() / "store");
  {
    const GatewayServer good(store);
    pull(*lying, root, from({good.url()}));
    Database db(elsewhere.path() / "store/index.db", false);
    db.run("UPDATE blocks SET data = CAST(data || x'00' AS BLOB)");
  }
  const GatewayServer good(store);
  const GatewayServer liar(lying);
  const FixedServer staller("");
  const FixedServer redirect("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  const FixedServer garbage("no http at all\r\n\r\n");
  const auto other = Store::open(folder.path() / "other");
  const PullResult result =
      pull(*other, root, from({liar.url(), redirect.url(), staller.url(), garbage.url(), good.url()}));
  expect_whole(*other);
  EXPECT_TRUE(result.sources[4].dropped.empty());
  for (size_t bad = 1; bad < 4; ++bad) EXPECT_EQ(result.sources[bad].blocks, 0U);
  const auto third = Store::open(folder.path() / "third");
  const auto alone = [&](const std::string& url, const std::string& reason) {
    return throws_error(ErrorCode::io_error, {"given up", reason}, [&] { pull(*third, root, from({url})); });
  };
  EXPECT_TRUE(alone(liar.url(), "other bytes"));
  EXPECT_TRUE(alone(redirect.url(), "redirects"));
  EXPECT_TRUE(alone(garbage.url(), "no answer"));
  EXPECT_TRUE(alone(staller.url(), "no answer"));
  EXPECT_FALSE(third->is_pinned(root));
  EXPECT_FALSE(third->has(root));
}

TEST_F(StoreGateway, WhatNoSourceHasIsNotFound) {
  const GatewayServer server(store);
  const auto other = Store::open(folder.path() / "other");
  const Cid none = Cid::of(1, Codec::dag_pb, HashFunction::sha2_256, "none");
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {none.text()},
                           [&] { pull(*other, none, from({server.url(), server.url()})); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"--from"}, [&] { pull(*other, root, from({})); }));
  for (const char* bad : {"", "ftp://x", "http://", "http://u:p@h", "http://h?x", "file:///etc/passwd", "127.0.0.1"}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"source"}, [&] { pull(*other, root, from({bad})); })) << bad;
  }
  PullOptions small = from({server.url()});
  small.max_bytes = 1000;
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"more than 1000"}, [&] { pull(*other, root, small); }));
  StoreCall call;
  call.limits.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  const FixedServer staller("");
  EXPECT_TRUE(throws_error(ErrorCode::deadline_exceeded, {}, [&] { pull(*other, root, from({staller.url()}), call); }));
}

TEST_F(StoreGateway, BlocksThatAreThereAreNotFetched) {
  const GatewayServer server(store);
  // A fine-tune: the same file but for its last bytes.
  std::string tuned = weights;
  tuned.replace(tuned.size() - 10, 10, "0123456789");
  folder.write("t/weights", tuned);
  AddOptions options;
  options.copy = true;
  options.import.chunker = ChunkerSpec::parse("size-65536");
  const Cid second = store->add(folder.path() / "t", options, executor).cid;
  const auto other = Store::open(folder.path() / "other");
  pull(*other, root, from({server.url()}));
  const PullResult result = pull(*other, second, from({server.url()}));
  EXPECT_EQ(result.fetched_blocks, 3U);  // the folder, the file's node, the last leaf
  EXPECT_EQ(UnixFsReader(*other).read_all(*UnixFsReader(*other).resolve(second, "weights"), 1 << 30), tuned);
}

TEST_F(StoreGateway, AKilledPullGoesOn) {
  const GatewayServer server(store);
  uint64_t sent = 0;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      try {
        pull(*Store::open(folder.path() / "other"), root, from({server.url()}));
        _exit(0);
      } catch (...) {
        _exit(1);
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(15 * (i + 1)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  }
  sent = server.sent_bytes();
  const auto other = Store::open(folder.path() / "other");
  pull(*other, root, from({server.url()}));
  expect_whole(*other);
  EXPECT_LT(server.sent_bytes() - sent, weights.size() + 100'000);
  EXPECT_FALSE(fs::exists(folder.path() / "other/files" / ("partial." + file.text())));
}

}  // namespace
}  // namespace accelerate::store
