#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <numeric>
#include <thread>

#include "base/file.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using test::throws_error;

int sum_of(std::span<const std::byte> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), 0, [](int sum, std::byte b) { return sum + static_cast<int>(b); });
}

TEST(MappedFile, ShowsTheContent) {
  const TemporaryFolder folder;
  const auto map = MappedFile::open(folder.write("a", "hello"));
  EXPECT_EQ(map->text(), "hello");
  EXPECT_FALSE(map->poisoned());
  EXPECT_NO_THROW(map->check());
  const auto empty = MappedFile::open(folder.write("empty", ""));
  EXPECT_TRUE(empty->bytes().empty());
  EXPECT_NO_THROW(empty->check());
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"absent"}, [&] { MappedFile::open(folder.path() / "absent"); }));
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"is a folder"}, [&] { MappedFile::open(folder.path()); }));
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"device"}, [&] { MappedFile::open("/dev/zero"); }));
  const fs::path pipe = folder.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"pipe"}, [&] { MappedFile::open(pipe); }));
}

TEST(MappedFile, ReleasedPagesStayReadable) {
  const TemporaryFolder folder;
  const std::string content(100'000, '\1');
  const auto map = MappedFile::open(folder.write("a", content));
  EXPECT_EQ(sum_of(map->bytes()), 100'000);
  map->release_pages(10, 50'000);
  map->release_pages(50'000, SIZE_MAX);
  map->release_pages(SIZE_MAX, SIZE_MAX);
  EXPECT_EQ(sum_of(map->bytes()), 100'000);
}

TEST(MappedFile, TruncationPoisonsTheMapAndNotTheProcess) {
  const TemporaryFolder folder;
  const fs::path path = folder.write("weights", std::string(1 << 20, '\1'));
  const auto other = MappedFile::open(folder.write("other", std::string(1 << 16, '\1')));
  const auto map = MappedFile::open(path);
  const uint64_t before = num_poisoned_maps();
  ASSERT_EQ(truncate(path.c_str(), 8192), 0);
  // Worker threads read too: a fault in any of them is survived.
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_LT(sum_of(map->bytes()), 1 << 20); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(map->poisoned());
  EXPECT_EQ(num_poisoned_maps(), before + 1);
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"weights", "truncated"}, [&] { map->check(); }));
  EXPECT_EQ(sum_of(map->bytes()), 0);
  EXPECT_FALSE(other->poisoned());
  EXPECT_EQ(sum_of(other->bytes()), 1 << 16);
}

TEST(MappedFile, ManyMapsAreGuardedAndSlotsAreReused) {
  const TemporaryFolder folder;
  const fs::path path = folder.write("weights", std::string(16384, '\1'));
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(truncate(path.c_str(), 16384), 0);
    std::vector<std::shared_ptr<MappedFile>> maps;
    for (int i = 0; i < 300; ++i) maps.push_back(MappedFile::open(path));
    for (const auto& map : maps) EXPECT_FALSE(map->poisoned());
    ASSERT_EQ(truncate(path.c_str(), 0), 0);
    EXPECT_EQ(sum_of(maps.back()->bytes()), 0);
    EXPECT_TRUE(maps.back()->poisoned());
    EXPECT_FALSE(maps.front()->poisoned());
  }
}

TEST(MappedFileDeathTest, OtherBusErrorsKeepTheirDefault) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        std::signal(SIGBUS, SIG_DFL);
        const auto map = MappedFile::open("/proc/self/exe");
        raise(SIGBUS);
        raise(SIGBUS);
      },
      testing::KilledBySignal(SIGBUS), "");
}

TEST(MappedFileDeathTest, EarlierHandlersAreCalled) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        std::signal(SIGBUS, [](int) { _exit(42); });
        const auto map = MappedFile::open("/proc/self/exe");
        raise(SIGBUS);
      },
      testing::ExitedWithCode(42), "");
}

TEST(Folder, ReadsListsAndMaps) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  folder.write("1_Pooling/config.json", "[]");
  folder.write(".git/config", "hidden");
  const auto files = open_folder(folder.path());
  EXPECT_EQ(files->list(), (std::vector<std::string>{"1_Pooling/config.json", "config.json"}));
  EXPECT_EQ(files->read("1_Pooling/config.json"), "[]");
  EXPECT_EQ(files->map("config.json")->text(), "{}");
  EXPECT_TRUE(files->contains("config.json"));
  EXPECT_FALSE(files->contains("1_Pooling"));
  EXPECT_FALSE(files->read_if_present("absent").has_value());
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"absent"}, [&] { (void)files->read("absent"); }));
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"folder"}, [&] { (void)files->read("1_Pooling"); }));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_model, {"2 bytes", "at most 1"}, [&] { (void)files->read("config.json", 1); }));
}

TEST(Folder, RefusesNamesThatCouldLeave) {
  const TemporaryFolder folder;
  folder.write("in/config.json", "{}");
  folder.write("secret", "s");
  const auto files = open_folder(folder.path() / "in");
  for (const std::string& name : {std::string("../secret"), std::string("a/../../secret"), std::string("/etc/passwd"),
                                  std::string("config.json\0x", 13), std::string(""), std::string("."),
                                  std::string("a//b"), std::string("..\\secret"), std::string(2000, 'a')}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"refused"}, [&] { (void)files->read(name); })) << name;
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"refused"}, [&] { (void)files->map(name); })) << name;
    EXPECT_FALSE(files->contains(name));
  }
}

TEST(Folder, LinksMayNotLeaveButMayPointInside) {
  const TemporaryFolder folder;
  folder.write("secret", "s");
  folder.write("in/real.json", "{}");
  fs::create_symlink("real.json", folder.path() / "in/alias.json");
  fs::create_symlink("../secret", folder.path() / "in/leak");
  fs::create_directory_symlink("..", folder.path() / "in/up");
  fs::create_symlink("loop", folder.path() / "in/loop");
  const auto files = open_folder(folder.path() / "in");
  EXPECT_EQ(files->read("alias.json"), "{}");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"leak", "leaves"}, [&] { (void)files->read("leak"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"leaves"}, [&] { (void)files->map("up/secret"); }));
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"loop"}, [&] { (void)files->read("loop"); }));
}

TEST(Folder, HubCacheLinksToBlobsOfItsOwnModel) {
  const TemporaryFolder folder;
  folder.write("hub/models--org--name/blobs/abc", "{}");
  folder.write("hub/models--org--other/blobs/def", "secret");
  const fs::path snapshot = folder.path() / "hub/models--org--name/snapshots/1234";
  fs::create_directories(snapshot / "1_Pooling");
  fs::create_symlink("../../blobs/abc", snapshot / "config.json");
  fs::create_symlink("../../../blobs/abc", snapshot / "1_Pooling/config.json");
  fs::create_symlink("../../../models--org--other/blobs/def", snapshot / "foreign");
  const auto files = open_folder(snapshot);
  EXPECT_EQ(files->read("config.json"), "{}");
  EXPECT_EQ(files->map("1_Pooling/config.json")->text(), "{}");
  EXPECT_EQ(files->map("config.json")->path(), snapshot / "config.json");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"foreign"}, [&] { (void)files->read("foreign"); }));
  EXPECT_EQ(open_folder(snapshot / "1_Pooling")->read("config.json"), "{}");
}

TEST(Folder, SubFoldersAreSetsOfTheirOwn) {
  const TemporaryFolder folder;
  folder.write("config.json", "root");
  folder.write("0_Transformer/config.json", "inner");
  const auto files = open_folder(folder.path());
  EXPECT_EQ(sub_folder(files, "")->read("config.json"), "root");
  const auto inner = sub_folder(files, "0_Transformer/");
  EXPECT_EQ(inner->read("config.json"), "inner");
  EXPECT_EQ(inner->map("config.json")->text(), "inner");
  EXPECT_EQ(inner->list(), std::vector<std::string>{"config.json"});
  EXPECT_TRUE(inner->contains("config.json"));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"refused"}, [&] { (void)inner->read("../config.json"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"refused"}, [&] { sub_folder(files, "../x"); }));
}

TEST(Folder, RootMustBeAFolder) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("a", "x");
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"absent"}, [&] { open_folder(folder.path() / "absent"); }));
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"not a folder"}, [&] { open_folder(file); }));
}

TEST(WriteFileAtomic, WritesReplacesAndLeavesNothingBehind) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "out.json";
  write_file_atomic(path, "one");
  write_file_atomic(path, std::string("t\0wo", 4));
  EXPECT_EQ(read_file(path), std::string("t\0wo", 4));
  EXPECT_EQ(open_folder(folder.path())->list(), std::vector<std::string>{"out.json"});
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"none/out", "No such file"},
                           [&] { write_file_atomic(folder.path() / "none/out", "x"); }));
  fs::create_directory(folder.path() / "taken");
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"taken"}, [&] { write_file_atomic(folder.path() / "taken", "x"); }));
  EXPECT_EQ(open_folder(folder.path())->list(), std::vector<std::string>{"out.json"});
}

}  // namespace
}  // namespace accelerate
