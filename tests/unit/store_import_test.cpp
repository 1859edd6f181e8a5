#include <gtest/gtest.h>

#include <atomic>

#include "error_matchers.h"
#include "store/dag_pb.h"
#include "store/import.h"
#include "store_golden.h"

namespace accelerate::store {
namespace {

using test::SeededBytes;
using test::throws_error;

class NullSink : public BlockSink {
 public:
  void put(const Cid&, std::string_view block) override { bytes += block.size(); }
  void put_leaf(const Cid&, const LeafPlace& place) override {
    EXPECT_EQ(place.offset, end);
    end = place.offset + place.size_bytes;
  }
  uint64_t bytes = 0;
  uint64_t end = 0;
};

ImportOptions options_of(const std::map<std::string, std::string>& row) {
  ImportOptions out;
  out.cid_version = std::stoi(row.at("version"));
  out.hash = parse_hash(row.at("hash"));
  out.raw_leaves = row.at("raw_leaves") == "true";
  out.chunker = ChunkerSpec::parse(row.at("chunker"));
  out.width = std::stoull(row.at("width"));
  out.layout = row.at("layout") == "trickle" ? Layout::trickle : Layout::balanced;
  out.hamt_threshold_bytes = std::stoull(row.at("threshold"));
  out.hamt_estimate = row.at("estimate") == "block" ? FolderSize::block : FolderSize::links;
  out.hamt_fanout = std::stoull(row.at("fanout"));
  return out;
}

class TextBytes : public ByteSource {
 public:
  explicit TextBytes(std::string text) : text_(std::move(text)) {}
  uint64_t size_bytes() const override { return text_.size(); }
  void read_at(uint64_t offset, std::span<char> into) override { text_.copy(into.data(), into.size(), offset); }

 private:
  std::string text_;
};

ImportedTree folder_of(const std::string& name, int count, const ImportOptions& options, Executor& executor,
                       BlockSink& sink) {
  const auto file = [&](const std::string& text) {
    TextBytes bytes(text);
    NullSink ignored;
    return import_file(bytes, options, executor, ignored);
  };
  std::vector<FolderEntry> entries;
  for (int i = count; i-- > 0;) {
    const std::string entry = name + "-" + std::to_string(i);
    entries.push_back({entry, file(entry)});
  }
  entries.push_back({"sub", import_folder({{"deep", file("deep")}}, options, sink)});
  return import_folder(std::move(entries), options, sink);
}

/// Every tree of the golden table has the CID that boxo gives it.
TEST(StoreImport, CidsEqualThoseOfBoxo) {
  const auto rows = test::golden_ipfs_table("trees.tsv");
  ASSERT_GT(rows.size(), 300U);
  Executor executor;
  for (const auto& row : rows) {
    SCOPED_TRACE(row.at("kind") + " " + row.at("input") + " " + row.at("size") + " " + row.at("chunker") + " " +
                 row.at("layout") + " " + row.at("width") + " " + row.at("estimate") + " " + row.at("fanout"));
    const ImportOptions options = options_of(row);
    const uint64_t size = std::stoull(row.at("size"));
    NullSink sink;
    ImportedTree tree;
    if (row.at("kind") == "file") {
      SeededBytes bytes(std::stoull(row.at("input")), size);
      tree = import_file(bytes, options, executor, sink);
      EXPECT_EQ(tree.file_bytes, size);
      EXPECT_EQ(sink.end, size);
    } else if (row.at("kind") == "folder") {
      tree = folder_of(row.at("input"), static_cast<int>(size), options, executor, sink);
    } else {
      tree = import_symlink(row.at("input"), options, sink);
    }
    EXPECT_EQ(tree.cid.text(), row.at("cid"));
    EXPECT_EQ(std::to_string(tree.total_bytes), row.at("total"));
  }
}

TEST(StoreImport, ProfilesAreThoseOfTheSpecification) {
  const ImportOptions v1 = ImportOptions::profile("unixfs-v1-2025");
  EXPECT_EQ(v1.cid_version, 1);
  EXPECT_TRUE(v1.raw_leaves);
  EXPECT_EQ(v1.chunker.text(), "size-1048576");
  EXPECT_EQ(v1.width, 1024U);
  EXPECT_EQ(v1.hamt_estimate, FolderSize::block);
  const ImportOptions v0 = ImportOptions::profile("unixfs-v0-2015");
  EXPECT_EQ(v0.cid_version, 0);
  EXPECT_FALSE(v0.raw_leaves);
  EXPECT_EQ(v0.chunker.text(), "size-262144");
  EXPECT_EQ(v0.width, 174U);
  EXPECT_THROW(ImportOptions::profile("fast"), Error);
}

TEST(StoreImport, LeavesAndNodesHashToTheirNames) {
  Executor executor(ExecutorOptions{.num_threads = 3});
  for (const bool raw : {true, false}) {
    ImportOptions options;
    options.raw_leaves = raw;
    options.chunker = ChunkerSpec::parse("rabin-1000-5000-9000");
    options.width = 4;
    SeededBytes bytes(9, 200000);
    test::MemorySink sink(&bytes);
    const ImportedTree tree = import_file(bytes, options, executor, sink);
    EXPECT_TRUE(sink.blocks.contains(tree.cid));
    uint64_t total = 0;
    for (const auto& [cid, block] : sink.blocks) {
      EXPECT_TRUE(cid.matches(block));
      total += block.size();
    }
    EXPECT_EQ(total, tree.total_bytes);
  }
}

TEST(StoreImport, OptionsAreChecked) {
  const auto refuses = [](auto&& change) {
    ImportOptions options;
    change(options);
    return throws_error(ErrorCode::invalid_argument, {}, [&] { options.check(); });
  };
  EXPECT_TRUE(refuses([](ImportOptions& o) { o.cid_version = 2; }));
  EXPECT_TRUE(refuses([](ImportOptions& o) { o.cid_version = 0; }));  // raw leaves
  EXPECT_TRUE(refuses([](ImportOptions& o) { o.hash = HashFunction::identity; }));
  EXPECT_TRUE(refuses([](ImportOptions& o) { o.width = 1; }));
  EXPECT_TRUE(refuses([](ImportOptions& o) { o.hamt_fanout = 100; }));
  EXPECT_TRUE(refuses([](ImportOptions& o) { o.hamt_fanout = 4; }));
  for (const char* text : {"", "size", "size-0", "size--1", "size-2097152", "size-x", "rabin-1-2-3", "rabin-16-16-20",
                           "rabin-47", "rabin-20-30-25", "rabin-max:20-30-40", "buzhash-2", "fast-3", "rabin-1-2"}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"chunker"}, [&] { ChunkerSpec::parse(text); })) << text;
  }
  EXPECT_EQ(ChunkerSpec::parse("rabin-min:20-avg:30-max:40").text(), "rabin-20-30-40");
}

TEST(StoreImport, FoldersRefuseNamesThatLeadElsewhere) {
  NullSink sink;
  const ImportOptions options;
  ImportedTree leaf;
  leaf.cid = Cid::parse("bafkqablimvwgy3y");
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a\0b", 3)}) {
    EXPECT_TRUE(
        throws_error(ErrorCode::invalid_argument, {"name"}, [&] { import_folder({{name, leaf}}, options, sink); }));
  }
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"twice"},
                           [&] { import_folder({{"a", leaf}, {"a", leaf}}, options, sink); }));
}

TEST(StoreImport, StopsWhenCancelled) {
  Executor executor(ExecutorOptions{.num_threads = 1});
  NullSink sink;
  SeededBytes bytes(0, uint64_t{1} << 40);
  ImportCall call;
  call.limits.cancel = CancelToken();
  call.progress = [&](uint64_t) { call.limits.cancel->cancel(); };
  EXPECT_TRUE(throws_error(ErrorCode::cancelled, {}, [&] { import_file(bytes, {}, executor, sink, call); }));
}

}  // namespace
}  // namespace accelerate::store
