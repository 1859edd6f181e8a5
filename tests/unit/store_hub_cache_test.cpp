#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "base/hash.h"
#include "error_matchers.h"
#include "store/hub_cache.h"
#include "store_golden.h"
#include "temporary_folder.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using test::throws_error;

/// Sets a variable for the life of the object.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* const old = std::getenv(name);
    had_ = old != nullptr;
    if (had_) old_ = old;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Variable() { had_ ? setenv(name_, old_.c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  bool had_ = false;
  std::string old_;
};

TEST(StoreHubCache, FollowsTheVariables) {
  const Variable a("HF_HUB_CACHE", nullptr), b("HUGGINGFACE_HUB_CACHE", nullptr), c("HF_HOME", nullptr),
      d("XDG_CACHE_HOME", nullptr), e("HOME", "/h"), f("HF_HUB_OFFLINE", nullptr), g("TRANSFORMERS_OFFLINE", nullptr);
  EXPECT_EQ(HubCache::default_folder(), "/h/.cache/huggingface/hub");
  const Variable x("XDG_CACHE_HOME", "/x");
  EXPECT_EQ(HubCache::default_folder(), "/x/huggingface/hub");
  const Variable y("HF_HOME", "/y");
  EXPECT_EQ(HubCache::default_folder(), "/y/hub");
  const Variable z("HF_HUB_CACHE", "/z");
  EXPECT_EQ(HubCache::default_folder(), "/z");
  EXPECT_FALSE(HubCache::offline());
  {
    const Variable off("HF_HUB_OFFLINE", "true");
    EXPECT_TRUE(HubCache::offline());
  }
  const Variable off("HF_HUB_OFFLINE", "0");
  EXPECT_FALSE(HubCache::offline());
}

TEST(StoreHubCache, NamesAreChecked) {
  EXPECT_EQ(HubRepository::parse("org/my-model_1.5").folder_name(), "models--org--my-model_1.5");
  EXPECT_EQ(HubRepository::parse("gpt2").folder_name(), "models--gpt2");
  EXPECT_EQ(HubRepository::parse("o/d", HubRepository::Kind::dataset).folder_name(), "datasets--o--d");
  for (const char* bad : {"", "/", "a/", "/a", "a/b/c", "..", "a/..", "a--b", "a b", ".a", "a.", "-a", "a/b\n"}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"hub repository"}, [&] { HubRepository::parse(bad); }))
        << bad;
  }
}

TEST(StoreHubCache, WritesWhatItReads) {
  TemporaryFolder folder;
  const std::string weights = test::SeededBytes(20, 300'000).all();
  folder.write("model/config.json", "{}");
  folder.write("model/model.safetensors", weights);
  folder.write("model/1_Pooling/config.json", "{\"a\": 1}");
  const auto store = Store::open(folder.path() / "store");
  Executor executor(ExecutorOptions{.num_threads = 1});
  AddOptions options;
  options.copy = true;
  const Cid tree = store->add(folder.path() / "model", options, executor).cid;
  const HubCache cache(folder.path() / "hub");
  EXPECT_TRUE(cache.list().empty());
  const HubRepository repository = HubRepository::parse("org/name");
  EXPECT_FALSE(cache.find(repository));
  const fs::path snapshot = cache.put(*store, tree, repository);
  EXPECT_EQ(cache.put(*store, tree, repository, "refs/pr/1"), snapshot);
  EXPECT_EQ(cache.find(repository), snapshot);
  EXPECT_EQ(cache.find(repository, "refs/pr/1"), snapshot);
  EXPECT_EQ(cache.find(repository, snapshot.filename().native()), snapshot);
  EXPECT_FALSE(cache.find(repository, "v2"));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"revision"}, [&] { cache.find(repository, "../../x"); }));
  EXPECT_EQ(fs::read_symlink(snapshot / "model.safetensors"), "../../blobs/" + sha256_hex(weights));
  EXPECT_EQ(fs::read_symlink(snapshot / "1_Pooling/config.json").native().substr(0, 15), "../../../blobs/");
  // Shared with the store, and readable through the containment of a model folder.
  EXPECT_EQ(fs::hard_link_count(fs::canonical(snapshot / "model.safetensors")), 2U);
  const auto files = open_folder(snapshot);
  EXPECT_EQ(files->read("model.safetensors"), weights);
  EXPECT_EQ(files->read("1_Pooling/config.json"), "{\"a\": 1}");
  const auto list = cache.list();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].repository, repository);
  EXPECT_EQ(list[0].refs, (std::vector<std::string>{"main", "refs/pr/1"}));
  // Back into a store: the same CID.
  const auto other = Store::open(folder.path() / "other");
  options.follow_links = true;
  EXPECT_EQ(other->add(snapshot, options, executor).cid, tree);
}

}  // namespace
}  // namespace accelerate::store
