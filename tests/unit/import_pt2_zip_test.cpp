#include <gtest/gtest.h>

#include "import/pt2/zip.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/temporary_folder.h"
#include "tests/unit/zip_writer.h"

namespace accelerate::import {
namespace {

using test::TemporaryFolder;
using test::throws_error;
using test::zip_of;
using test::ZipItem;

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::vector<ZipEntry> parse(const std::string& file, const ZipLimits& limits = {}) {
  return parse_zip(bytes(file), "test.zip", limits);
}

testing::AssertionResult refused(const std::string& file, const std::string& fragment, const ZipLimits& limits = {}) {
  return throws_error(ErrorCode::invalid_model, {"test.zip", fragment}, [&] { parse(file, limits); });
}

TEST(Zip, ReadsStoredAndDeflatedEntries) {
  const std::string file =
      zip_of({{"a/b.txt", "hello"}, {"c", std::string(5000, 'x'), true}, {"empty", ""}, {"folder/", ""}});
  const auto entries = parse(file);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "a/b.txt");
  EXPECT_EQ(read_zip_entry(bytes(file), entries[0], "test.zip"), "hello");
  EXPECT_EQ(read_zip_entry(bytes(file), entries[1], "test.zip"), std::string(5000, 'x'));
  EXPECT_EQ(read_zip_entry(bytes(file), entries[2], "test.zip"), "");
}

TEST(Zip, ReadsZip64EndRecords) {
  const auto entries = parse(zip_of({{"a", "1"}, {"b", "2"}}, true));
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].name, "b");
}

TEST(Zip, EveryTruncationIsRefused) {
  const std::string file = zip_of({{"a", "hello"}, {"b", std::string(300, 'y'), true}}, true);
  for (size_t size = 0; size < file.size(); ++size) {
    const std::string cut = file.substr(0, size);
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { parse(cut); })) << size;
  }
}

TEST(Zip, RefusesNamesThatLeaveTheArchive) {
  for (const std::string name : {"../a", "a/../b", "/a", "a//b", "./a", "a\\b", "C:a", "a/..", "a\nb"}) {
    EXPECT_TRUE(refused(zip_of({{name, "x"}}), "entry name")) << name;
  }
  EXPECT_TRUE(refused(zip_of({{std::string("a\0b", 3), "x"}}), "control character"));
  EXPECT_TRUE(refused(zip_of({{std::string(2000, 'a'), "x"}}), "too long"));
}

TEST(Zip, RefusesDuplicatesAndOverlaps) {
  EXPECT_TRUE(refused(zip_of({{"a", "1"}, {"a", "2"}}), "'a' twice"));
  // The second entry claims the place of the first, whose local header has another name.
  const std::string first(100, 'z');
  ZipItem inside{"b", "x"};
  inside.claimed_offset = 10;
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { parse(zip_of({{"a", first}, inside})); }));
  ZipItem longer{"a", "hello"};
  longer.claimed_size = longer.claimed_stored = 40;  // reaches into what follows
  EXPECT_TRUE(refused(zip_of({longer, {"b", "world"}}), "overlaps"));
}

TEST(Zip, RefusesLiesAboutSizesAndNames) {
  ZipItem item{"a", std::string(100, 'x'), true};
  item.claimed_size = 50;
  const std::string file = zip_of({item});
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"does not inflate"},
                           [&] { read_zip_entry(bytes(file), parse(file).at(0), "test.zip"); }));
  item.claimed_size = 200;
  const std::string more = zip_of({item});
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"does not inflate"},
                           [&] { read_zip_entry(bytes(more), parse(more).at(0), "test.zip"); }));
  ZipItem changed{"a", "hello"};
  changed.crc_change = 1;
  const std::string wrong = zip_of({changed});
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"checksum"},
                           [&] { read_zip_entry(bytes(wrong), parse(wrong).at(0), "test.zip"); }));
  ZipItem renamed{"a", "hello"};
  renamed.local_name = "b";
  EXPECT_TRUE(refused(zip_of({renamed}), "in its local header"));
  ZipItem stored{"a", "hello"};
  stored.claimed_size = 6;
  EXPECT_TRUE(refused(zip_of({stored}), "claims 6"));
}

TEST(Zip, RefusesBombs) {
  const std::string zeros(4 << 20, '\0');
  EXPECT_TRUE(refused(zip_of({{"a", zeros, true}}), "times"));
  const std::string some(1000, '\0');
  EXPECT_TRUE(
      refused(zip_of({{"a", some, true}, {"b", some, true}}), "more than 1500 bytes", {.max_inflated_bytes = 1500}));
  EXPECT_TRUE(refused(zip_of({{"a", "1"}, {"b", "2"}, {"c", "3"}}), "3 entries", {.max_entries = 2}));
}

TEST(Zip, RefusesEncryptionDisksAndPreambles) {
  ZipItem item{"a", "hello"};
  item.flags = 1;
  EXPECT_TRUE(refused(zip_of({item}), "encrypted"));
  std::string file = zip_of({{"a", "hello"}});
  file[file.size() - 22 + 4] = 1;
  EXPECT_TRUE(refused(file, "disks"));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { parse("junk" + zip_of({{"a", "hello"}})); }));
  EXPECT_TRUE(refused("", "0 bytes"));
  EXPECT_TRUE(refused(std::string(100, 'x'), "end-of-directory"));
}

TEST(Zip, StoredEntriesAreViewsOfTheMap) {
  const TemporaryFolder folder;
  folder.write("a.zip", zip_of({{"a", "hello"}, {"b", std::string(100, 'x'), true}}));
  const ZipArchive archive(MappedFile::open(folder.path() / "a.zip"));
  const auto view = archive.view(*archive.find("a"));
  EXPECT_EQ(view.data(), archive.file()->bytes().data() + archive.find("a")->offset);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(view.data()), view.size()), "hello");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"compressed"}, [&] { archive.view(*archive.find("b")); }));
  EXPECT_EQ(archive.find("c"), nullptr);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"no entry"}, [&] { archive.read("c", 10); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"at most 4"}, [&] { archive.read("a", 4); }));
}

}  // namespace
}  // namespace accelerate::import
