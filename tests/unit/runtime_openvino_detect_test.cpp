#include <gtest/gtest.h>

#include <map>

#include "backends/openvino/c_api.h"
#include "backends/openvino/detect.h"
#include "backends/openvino/engine.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate::openvino_engine {
namespace {

namespace fs = std::filesystem;

/// A folder tree, and an environment to look from. No system folder is looked into.
class OpenvinoDetect : public testing::Test {
 protected:
  Detection look(const std::vector<fs::path>& system_folders = {}) {
    return detect(
        [&](const char* name) -> const char* {
          auto it = environment_.find(name);
          return it == environment_.end() ? nullptr : it->second.c_str();
        },
        system_folders);
  }
  fs::path root() const { return folder_.path(); }

  std::map<std::string, std::string> environment_;
  test::TemporaryFolder folder_;
};

TEST_F(OpenvinoDetect, NothingIsExplained) {
  Detection found = look();
  EXPECT_TRUE(found.found.empty());
  EXPECT_NE(found.explanation().find("no OpenVINO"), std::string::npos);
}

TEST_F(OpenvinoDetect, AnEmptyFolderNamedByAVariableIsSaid) {
  fs::create_directories(root() / "empty");
  for (const char* name : {"OPENVINO_DIR", "INTEL_OPENVINO_DIR", "OpenVINO_DIR"}) {
    environment_ = {{name, (root() / "empty").string()}};
    Detection found = look();
    EXPECT_TRUE(found.found.empty());
    EXPECT_NE(found.explanation().find(std::string(name) + " is "), std::string::npos) << found.explanation();
    EXPECT_NE(found.explanation().find("holds no libopenvino_c.so"), std::string::npos) << found.explanation();
  }
}

TEST_F(OpenvinoDetect, InstallationsOfEachForm) {
  // What a variable may name: an archive's root, a package's cmake folder, a folder of libraries, an environment.
  struct Form {
    const char* library;
    const char* named;
  };
  for (const Form& form :
       {Form{"archive/runtime/lib/intel64/libopenvino_c.so", "archive"},
        Form{"package/libs/libopenvino_c.so.2641", "package/cmake"}, Form{"plain/libopenvino_c.so.2600", "plain"},
        Form{"env/lib/python3.11/site-packages/openvino/libs/libopenvino_c.so.2641", "env"}}) {
    fs::path file = folder_.write(form.library, "a library");
    fs::create_directories(root() / form.named);
    environment_ = {{"OPENVINO_DIR", (root() / form.named).string()}};
    Detection found = look();
    ASSERT_EQ(found.found.size(), 1U) << form.named;
    EXPECT_EQ(found.found[0].library, fs::canonical(file));
    EXPECT_EQ(found.found[0].found_by, "OPENVINO_DIR");
  }
}

TEST_F(OpenvinoDetect, VariablesComeBeforeTheLibraryPathBeforePython) {
  folder_.write("named/lib/libopenvino_c.so", "1");
  folder_.write("path/libopenvino_c.so", "2");
  folder_.write("system/libopenvino_c.so.2510", "3");
  folder_.write("venv/lib/python3.12/site-packages/openvino/libs/libopenvino_c.so.2641", "4");
  folder_.write("venv/bin/python", "a program");
  environment_ = {{"OPENVINO_DIR", (root() / "named").string()},
                  {"LD_LIBRARY_PATH", "/nonexistent:" + (root() / "path").string()},
                  {"ACCELERATE_PYTHON", (root() / "venv/bin/python").string()}};
  Detection found = look({root() / "system"});
  ASSERT_EQ(found.found.size(), 4U);
  EXPECT_EQ(found.found[0].found_by, "OPENVINO_DIR");
  EXPECT_EQ(found.found[1].found_by, "the library path (LD_LIBRARY_PATH)");
  EXPECT_EQ(found.found[2].found_by, "the library path");
  EXPECT_NE(found.found[3].found_by.find("Python environment"), std::string::npos);
}

TEST_F(OpenvinoDetect, AFileThatIsNoLibraryIsRefused) {
  fs::path file = folder_.write("fake/libopenvino_c.so",
                                "\x7f"
                                "ELF, but not really");
  try {
    load_api(file);
    FAIL() << "it was loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::backend_unavailable);
    EXPECT_NE(error.message().find("cannot load"), std::string::npos) << error.message();
  }
}

TEST_F(OpenvinoDetect, ALibraryThatIsSomethingElseIsRefused) {
  // A real library under the wanted name.
  std::vector<fs::path> others = {"/lib/x86_64-linux-gnu/libz.so.1", "/usr/lib/x86_64-linux-gnu/libz.so.1",
                                  "/usr/lib64/libz.so.1"};
  fs::path other;
  for (const fs::path& candidate : others)
    if (fs::exists(candidate)) other = candidate;
  if (other.empty()) GTEST_SKIP() << "libz.so.1 is not where it is looked for";
  fs::copy_file(fs::canonical(other), root() / "libopenvino_c.so");
  environment_ = {{"OPENVINO_DIR", root().string()}};
  Detection found = look();
  ASSERT_EQ(found.found.size(), 1U);
  try {
    Engine engine(found.found[0]);
    FAIL() << "it was taken for OpenVINO";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::backend_unavailable);
    EXPECT_NE(error.message().find("is not the C library of OpenVINO"), std::string::npos) << error.message();
  }
}

TEST(OpenvinoVersion, TheRangeIsSaid) {
  EXPECT_FALSE(why_not_version("2026.4.1-22036-abc"));
  EXPECT_FALSE(why_not_version("2025.0.0-1"));
  for (const char* version : {"2022.3.0-1", "2031.0.0-1", "something", ""}) {
    auto why = why_not_version(version);
    ASSERT_TRUE(why) << version;
    EXPECT_NE(why->find("2025 to 2026"), std::string::npos);
  }
}

}  // namespace
}  // namespace accelerate::openvino_engine
