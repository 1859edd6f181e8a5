#include "store/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "error_matchers.h"
#include "store/dag_pb.h"
#include "store/store_impl.h"
#include "store/unixfs.h"
#include "store/unixfs_read.h"
#include "store_golden.h"
#include "temporary_folder.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;
using test::SeededBytes;
using test::TemporaryFolder;
using test::throws_error;

std::string read_back(Store& store, const Cid& cid) {
  return UnixFsReader(store).read_all(cid, uint64_t{1} << 30);
}

/// A file whose time is long past, as those of models are.
void make_old(const fs::path& path) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
}

class StoreStore : public testing::Test {
 protected:
  TemporaryFolder folder;
  Executor executor{ExecutorOptions{.num_threads = 2}};
  std::shared_ptr<Store> store = Store::open(folder.path() / "store");

  fs::path write(const std::string& name, const std::string& content) {
    const fs::path path = folder.write("in/" + name, content);
    make_old(path);
    return path;
  }
  ImportedTree add(const std::string& name, const AddOptions& options = {}) {
    return store->add(folder.path() / "in" / name, options, executor);
  }
};

TEST_F(StoreStore, LargeFilesAreReferencedAndSmallOnesCopied) {
  const std::string large = SeededBytes(7, 3'000'000).all();
  write("large", large);
  write("small", "hello");
  const ImportedTree big = add("large");
  const ImportedTree small = add("small");
  EXPECT_EQ(read_back(*store, big.cid), large);
  EXPECT_EQ(read_back(*store, small.cid), "hello");
  const StoreStat stat = store->stat();
  EXPECT_EQ(stat.leaves, 3U);
  EXPECT_EQ(stat.leaf_bytes, large.size());
  EXPECT_EQ(stat.referenced_files, 1U);
  EXPECT_EQ(stat.owned_files, 0U);
  EXPECT_LT(stat.disk_bytes, 300'000U);
  EXPECT_EQ(store->whole_file(big.cid), folder.path() / "in/large");
  EXPECT_FALSE(store->whole_file(small.cid));
}

TEST_F(StoreStore, EveryFormAndLayoutReadsBack) {
  const std::string content = SeededBytes(8, 400'000).all();
  write("f", content);
  for (const bool copy : {false, true}) {
    for (const Layout layout : {Layout::balanced, Layout::trickle}) {
      for (const char* chunker : {"size-1000", "rabin-1000-5000-9000", "buzhash"}) {
        for (const int version : {0, 1}) {
          AddOptions options;
          options.copy = copy;
          options.import.layout = layout;
          options.import.chunker = ChunkerSpec::parse(chunker);
          options.import.width = 5;
          options.import.cid_version = version;
          options.import.raw_leaves = version == 1;
          const ImportedTree tree = add("f", options);
          EXPECT_EQ(read_back(*store, tree.cid), content);
          std::string part;
          UnixFsReader(*store).read(tree.cid, 12'345, 54'321, [&](std::string_view b) { part += b; });
          EXPECT_EQ(part, content.substr(12'345, 54'321));
        }
      }
    }
  }
  EXPECT_TRUE(store->verify().faults.empty());
}

TEST_F(StoreStore, AChangedFileIsNeverServed) {
  std::string content = SeededBytes(9, 2'500'000).all();
  const fs::path path = write("f", content);
  const ImportedTree tree = add("f");
  // One byte, the same size; the time changes by itself.
  content[2'000'000] = static_cast<char>(content[2'000'000] ^ 1);
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"changed"}, [&] { read_back(*store, tree.cid); }));
  EXPECT_FALSE(store->whole_file(tree.cid));
  // The blocks that did not change are still served.
  std::string part;
  UnixFsReader(*store).read(tree.cid, 0, 1'000'000, [&](std::string_view b) { part += b; });
  EXPECT_EQ(part, content.substr(0, 1'000'000));
  const VerifyResult result = store->verify();
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_NE(result.faults[0].reason.find("another hash"), std::string::npos);
  // Restored, but with another time: verified again, then good.
  content[2'000'000] = static_cast<char>(content[2'000'000] ^ 1);
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  EXPECT_EQ(read_back(*store, tree.cid), content);
  make_old(path);
  EXPECT_TRUE(store->verify().faults.empty());
  EXPECT_EQ(store->whole_file(tree.cid), path);
  fs::resize_file(path, 1000);
  EXPECT_THROW(read_back(*store, tree.cid), Error);
  fs::remove(path);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"no file"}, [&] { read_back(*store, tree.cid); }));
}

TEST_F(StoreStore, AFileThatWasJustWrittenIsNotTrustedByItsTime) {
  const std::string content = SeededBytes(10, 200'000).all();
  const fs::path path = folder.write("in/new", content);
  struct stat before{};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  const ImportedTree tree = add("new");
  const int descriptor = open(path.c_str(), O_RDWR);
  ASSERT_EQ(pwrite(descriptor, "X", 1, 100), 1);
  close(descriptor);
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_THROW(read_back(*store, tree.cid), Error);
}

TEST_F(StoreStore, CopiesSurviveTheirOriginal) {
  const std::string content = SeededBytes(11, 1'500'000).all();
  const fs::path path = write("f", content);
  AddOptions options;
  options.copy = true;
  const ImportedTree tree = add("f", options);
  fs::remove(path);
  EXPECT_EQ(read_back(*store, tree.cid), content);
  EXPECT_EQ(store->stat().owned_files, 1U);
  const auto whole = store->whole_file(tree.cid);
  ASSERT_TRUE(whole);
  EXPECT_EQ(fs::file_size(*whole), content.size());
}

TEST_F(StoreStore, StreamsBecomeWholeFiles) {
  SeededBytes bytes(12, 1'200'000);
  uint64_t at = 0;
  const ImportedTree tree = store->add_stream(
      [&](std::span<char> into) {
        const size_t n = std::min<uint64_t>({into.size(), 70'000, bytes.size_bytes() - at});
        bytes.read_at(at, into.first(n));
        at += n;
        return n;
      },
      {}, executor);
  EXPECT_EQ(read_back(*store, tree.cid), bytes.all());
  Executor one(ExecutorOptions{.num_threads = 1});
  test::MemorySink sink(&bytes);
  EXPECT_EQ(tree.cid, import_file(bytes, {}, one, sink).cid);
}

TEST_F(StoreStore, FoldersListAndResolve) {
  write("m/config.json", "{}");
  write("m/sub/deep.txt", "deep");
  write("m/.hidden", "no");
  fs::create_symlink("config.json", folder.path() / "in/m/link");
  const ImportedTree tree = add("m");
  UnixFsReader reader(*store);
  const auto entries = reader.list(tree.cid);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "config.json");
  EXPECT_EQ(entries[1].name, "link");
  EXPECT_EQ(reader.info(entries[1].cid).kind, UnixFsInfo::Kind::symlink);
  EXPECT_EQ(reader.info(entries[1].cid).target, "config.json");
  const auto deep = reader.resolve(tree.cid, "/sub/deep.txt");
  ASSERT_TRUE(deep);
  EXPECT_EQ(read_back(*store, *deep), "deep");
  EXPECT_FALSE(reader.resolve(tree.cid, "sub/none"));
  EXPECT_FALSE(reader.resolve(tree.cid, "config.json/x"));
  EXPECT_FALSE(reader.resolve(tree.cid, "../x"));
  AddOptions options;
  options.follow_links = true;
  options.hidden = true;
  const auto followed = reader.list(add("m", options).cid);
  ASSERT_EQ(followed.size(), 4U);
  EXPECT_EQ(read_back(*store, followed[2].cid), "{}");
}

TEST_F(StoreStore, ShardedFoldersListAndResolve) {
  for (int i = 0; i < 300; ++i) write("many/name-" + std::to_string(i), std::to_string(i));
  AddOptions options;
  options.import.hamt_threshold_bytes = 1000;
  for (const uint64_t fanout : {8U, 256U, 1024U}) {
    options.import.hamt_fanout = fanout;
    const ImportedTree tree = add("many", options);
    UnixFsReader reader(*store);
    EXPECT_EQ(reader.list(tree.cid).size(), 300U);
    const auto found = reader.resolve(tree.cid, "name-217");
    ASSERT_TRUE(found);
    EXPECT_EQ(read_back(*store, *found), "217");
  }
}

TEST_F(StoreStore, LinksThatLeadOutAreRefused) {
  folder.write("secret", "s");
  write("m/a", "a");
  fs::create_symlink("../../secret", folder.path() / "in/m/out");
  AddOptions options;
  options.follow_links = true;
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"symlink", "outside"}, [&] { add("m", options); }));
  fs::remove(folder.path() / "in/m/out");
  fs::create_directory_symlink(".", folder.path() / "in/m/loop");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"leads back"}, [&] { add("m", options); }));
  fs::remove(folder.path() / "in/m/loop");
  ASSERT_EQ(mkfifo((folder.path() / "in/m/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"pipe"}, [&] { add("m", options); }));
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {}, [&] { add("none", options); }));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_argument, {"store itself"}, [&] { store->add(folder.path(), {}, executor); }));
}

TEST_F(StoreStore, HubCacheLinksAreFollowed) {
  const std::string blob = SeededBytes(13, 100'000).all();
  write("models--o--n/blobs/abc", blob);
  fs::create_directories(folder.path() / "in/models--o--n/snapshots/1");
  fs::create_symlink("../../blobs/abc", folder.path() / "in/models--o--n/snapshots/1/model.safetensors");
  AddOptions options;
  options.follow_links = true;
  const ImportedTree tree = add("models--o--n/snapshots/1", options);
  const auto entries = UnixFsReader(*store).list(tree.cid);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].name, "model.safetensors");
  EXPECT_EQ(read_back(*store, entries[0].cid), blob);
  EXPECT_EQ(store->whole_file(entries[0].cid), folder.path() / "in/models--o--n/blobs/abc");
}

TEST_F(StoreStore, GarbageIsWhatNoPinReaches) {
  const std::string shared = SeededBytes(14, 2 << 20).all();
  write("one", shared + "1");
  write("two", shared + "2");
  write("small", "s");
  AddOptions copy;
  copy.copy = true;
  const ImportedTree one = add("one", copy);
  const ImportedTree two = add("two", copy);
  const ImportedTree small = add("small");
  EXPECT_EQ(store->pins().size(), 3U);
  store->unpin(two.cid);
  const GcResult result = store->gc();
  EXPECT_GT(result.removed_blocks, 0U);
  EXPECT_EQ(read_back(*store, one.cid), shared + "1");
  EXPECT_EQ(read_back(*store, small.cid), "s");
  EXPECT_FALSE(store->has(two.cid));
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {two.cid.text()}, [&] { store->get(two.cid); }));
  store->unpin(one.cid);
  store->unpin(small.cid);
  store->gc();
  const StoreStat stat = store->stat();
  EXPECT_EQ(stat.blocks + stat.leaves + stat.owned_files + stat.referenced_files, 0U);
  EXPECT_TRUE(fs::is_empty(folder.path() / "store/files"));
  EXPECT_TRUE(fs::exists(folder.path() / "in/one"));
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"not pinned"}, [&] { store->unpin(one.cid); }));
}

TEST_F(StoreStore, NothingIsRemovedWhileAPinnedTreeMissesABlock) {
  PbNode node;
  node.links = {{Cid::of(1, Codec::raw, HashFunction::sha2_256, "missing"), "x", 7}};
  const std::string block = encode_dag_pb(node);
  const Cid broken = Cid::of(1, Codec::dag_pb, HashFunction::sha2_256, block);
  store->put(broken, block);
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {}, [&] { store->pin(broken, ""); }));
  {
    const auto session = store->begin_session();
    session->pin(broken, "");
    session->commit();
  }
  const Cid loose = Cid::of(1, Codec::raw, HashFunction::sha2_256, "loose");
  store->put(loose, "loose");
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"needs"}, [&] { store->gc(); }));
  EXPECT_TRUE(store->has(loose));
}

TEST_F(StoreStore, GcWaitsForWriters) {
  const Cid cid = Cid::of(1, Codec::raw, HashFunction::sha2_256, "block");
  auto session = store->begin_session();
  session->put(cid, "block");
  std::atomic<bool> collected = false;
  std::thread collector([&] {
    Store::open(folder.path() / "store")->gc();
    collected = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(collected);
  session->pin(cid, "p");
  session->commit();
  session.reset();
  collector.join();
  EXPECT_TRUE(store->has(cid));
  StoreCall call;
  session = store->begin_session();
  call.limits.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  EXPECT_TRUE(throws_error(ErrorCode::deadline_exceeded, {}, [&] { store->gc(call); }));
}

TEST_F(StoreStore, WrongBlocksAreRefused) {
  const Cid cid = Cid::of(1, Codec::raw, HashFunction::sha2_256, "right");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"another one"}, [&] { store->put(cid, "wrong"); }));
  EXPECT_FALSE(store->has(cid));
  store->put(cid, "right");
  EXPECT_EQ(store->get(cid), "right");
  EXPECT_EQ(store->size_of(cid), 5U);
  EXPECT_EQ(store->get(Cid::of(1, Codec::raw, HashFunction::identity, "inside")), "inside");
}

TEST_F(StoreStore, QuotaIsKept) {
  StoreOptions options;
  options.quota_bytes = 1 << 20;
  const auto small = Store::open(folder.path() / "small", options);
  write("f", SeededBytes(15, 2 << 20).all());
  AddOptions copy;
  copy.copy = true;
  EXPECT_TRUE(
      throws_error(ErrorCode::io_error, {"quota"}, [&] { small->add(folder.path() / "in/f", copy, executor); }));
  EXPECT_TRUE(fs::is_empty(folder.path() / "small/files"));
  EXPECT_NO_THROW(small->add(folder.path() / "in/f", {}, executor));  // a reference costs next to nothing
}

TEST_F(StoreStore, ReadOnlyStoresAreRead) {
  write("f", "content");
  const ImportedTree tree = add("f");
  StoreOptions options;
  options.read_only = true;
  const auto reader = Store::open(folder.path() / "store", options);
  EXPECT_EQ(read_back(*reader, tree.cid), "content");
  EXPECT_TRUE(reader->verify().faults.empty());
  EXPECT_TRUE(
      throws_error(ErrorCode::io_error, {"read-only"}, [&] { reader->add(folder.path() / "in/f", {}, executor); }));
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"read-only"}, [&] { reader->gc(); }));
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"no store"}, [&] { Store::open(folder.path() / "none", options); }));
}

TEST_F(StoreStore, AFolderThatIsNoStoreIsLeftAlone) {
  folder.write("other/file", "x");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"no store"}, [&] { Store::open(folder.path() / "other"); }));
  folder.write("newer/format", "ipfs-accelerate store 9\n");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"store 9"}, [&] { Store::open(folder.path() / "newer"); }));
}

TEST_F(StoreStore, VerifyFindsTamperingWithTheIndex) {
  write("f", "hello");
  const ImportedTree tree = add("f");
  {
    Database db(folder.path() / "store/index.db", false);
    db.run("UPDATE blocks SET data = x'00'");
  }
  const VerifyResult result = store->verify();
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(result.faults[0].what, tree.cid.text());
}

TEST_F(StoreStore, TwoProcessesAddAtOnce) {
  for (int i = 0; i < 20; ++i) write("a" + std::to_string(i), SeededBytes(100 + i, 100'000).all());
  const pid_t child = fork();
  if (child == 0) {
    try {
      const auto own = Store::open(folder.path() / "store");
      Executor one(ExecutorOptions{.num_threads = 1});
      for (int i = 0; i < 20; ++i) own->add(folder.path() / "in" / ("a" + std::to_string(i)), {}, one);
      _exit(0);
    } catch (...) {
      _exit(1);
    }
  }
  // A connection is not carried across fork: this side opens its own.
  const auto own = Store::open(folder.path() / "store");
  Executor one(ExecutorOptions{.num_threads = 1});
  for (int i = 20; i-- > 0;) own->add(folder.path() / "in" / ("a" + std::to_string(i)), {}, one);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(own->pins().size(), 20U);
  EXPECT_EQ(own->stat().referenced_files, 20U);
  EXPECT_TRUE(own->verify().faults.empty());
}

TEST_F(StoreStore, AddingACopyAgainTakesNoMoreRoom) {
  write("f", SeededBytes(17, 1 << 20).all());
  AddOptions copy;
  copy.copy = true;
  const ImportedTree first = store->add(folder.path() / "in/f", copy, executor);
  const StoreStat once = store->stat();
  const ImportedTree again = store->add(folder.path() / "in/f", copy, executor);
  EXPECT_EQ(first.cid, again.cid);
  EXPECT_EQ(once.owned_files, 1U);
  EXPECT_EQ(store->stat().owned_files, 1U);
  EXPECT_EQ(store->stat().disk_bytes, once.disk_bytes);
  EXPECT_TRUE(store->verify().faults.empty());
  EXPECT_EQ(read_back(*store, again.cid), SeededBytes(17, 1 << 20).all());
}

/// The process dies at a random moment of an add; what was there stays, and the add can be repeated.
TEST_F(StoreStore, KilledAddsLoseNothing) {
  write("kept", "kept");
  const ImportedTree kept = add("kept");
  write("big/f", SeededBytes(16, 6 << 20).all());
  for (int i = 0; i < 30; ++i) write("big/s" + std::to_string(i), std::to_string(i));
  store.reset();
  AddOptions copy;
  copy.copy = true;
  copy.import.chunker = ChunkerSpec::parse("size-4096");
  int died = 0;
  for (int i = 0; i < 12; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      try {
        Executor one(ExecutorOptions{.num_threads = 1});
        Store::open(folder.path() / "store")->add(folder.path() / "in/big", copy, one);
      } catch (...) {
        _exit(1);
      }
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3 * i));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) ++died;
    EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    const auto after = Store::open(folder.path() / "store");
    EXPECT_EQ(read_back(*after, kept.cid), "kept");
    EXPECT_TRUE(after->verify().faults.empty());
  }
  EXPECT_GT(died, 0);
  store = Store::open(folder.path() / "store");
  const ImportedTree big = store->add(folder.path() / "in/big", copy, executor);
  store->gc();
  EXPECT_EQ(UnixFsReader(*store).list(big.cid).size(), 31U);
  EXPECT_EQ(store->stat().owned_files, 1U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path() / "store/files"), fs::directory_iterator()), 1);
}

TEST_F(StoreStore, TreesOfOthersAreChecked) {
  const auto put = [&](const PbNode& node) {
    const std::string block = encode_dag_pb(node);
    const Cid cid = Cid::of(1, Codec::dag_pb, HashFunction::sha2_256, block);
    store->put(cid, block);
    return cid;
  };
  const Cid leaf = Cid::of(1, Codec::raw, HashFunction::identity, "leaf");
  const std::string folder_data("\x08\x01", 2);
  UnixFsReader reader(*store);
  for (const std::string& name : {std::string(".."), std::string("."), std::string(), std::string("a/b"),
                                  std::string("/etc"), std::string("a\0b", 3)}) {
    const Cid bad = put({{{leaf, name, 4}}, folder_data});
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"leads elsewhere"}, [&] { reader.list(bad); })) << name;
  }
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"twice"},
                           [&] { reader.list(put({{{leaf, "a", 4}, {leaf, "a", 4}}, folder_data})); }));
  // A file whose parts do not have the sizes that it claims.
  UnixFs file;
  file.file_size = 5;
  file.block_sizes = {5};
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"its parent says 5"},
                           [&] { read_back(*store, put({{{leaf, "", 4}}, encode_unixfs(file)})); }));
  file.file_size = 9;
  EXPECT_THROW(reader.info(put({{{leaf, "", 4}}, encode_unixfs(file)})), Error);
  file.block_sizes = {~uint64_t{0}, ~uint64_t{0}};
  EXPECT_THROW(reader.info(put({{{leaf, "", 4}, {leaf, "", 4}}, encode_unixfs(file)})), Error);
  // 40 levels of two links each: 2^40 leaves by 41 blocks. A walk sees each block once.
  Cid at = leaf;
  uint64_t size = 4;
  for (int i = 0; i < 40; ++i) {
    UnixFs level;
    size *= 2;
    level.file_size = size;
    level.block_sizes = {size / 2, size / 2};
    at = put({{{at, "", size}, {at, "", size}}, encode_unixfs(level)});
  }
  uint64_t visited = 0;
  walk_blocks(*store, at, [&](const Cid&, const std::string&) { return ++visited > 0; });
  EXPECT_EQ(visited, 41U);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"more than"}, [&] { reader.read_all(at, 1 << 20); }));
  for (int i = 0; i < 40; ++i) {
    UnixFs level;
    level.file_size = size;
    level.block_sizes = {size};
    at = put({{{at, "", size}}, encode_unixfs(level)});
  }
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"deeper"}, [&] { reader.read_all(at, 1 << 20); }));
  // A HAMT with a name at the wrong place.
  UnixFs shard;
  shard.type = UnixFs::Type::hamt_shard;
  shard.data = "\x01";
  shard.hash_type = kHamtMurmur3;
  shard.fanout = 256;
  const uint64_t right = hamt_hash("name") >> 56U;
  ASSERT_NE(right, 0U);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"wrong place"},
                           [&] { reader.list(put({{{leaf, "00name", 4}}, encode_unixfs(shard)})); }));
  shard.fanout = 7;
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"fanout"},
                           [&] { reader.list(put({{{leaf, "00name", 4}}, encode_unixfs(shard)})); }));
}

}  // namespace
}  // namespace accelerate::store
