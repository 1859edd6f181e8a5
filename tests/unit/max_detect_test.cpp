#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

#include "backends/max/detect.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate::max_engine {
namespace {

namespace fs = std::filesystem;

/// A folder tree of installations, and an environment to look from.
class MaxDetect : public testing::Test {
 protected:
  void file(const fs::path& name, bool executable = false) {
    fs::path path = root() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\nexit 1\n";
    if (executable) chmod(path.c_str(), 0755);
  }
  void installation(const fs::path& at) {
    file(at / "lib/libmax.so");
    file(at / "lib/libKGENCompilerRTShared.so");
    file(at / "lib/mojo/std.mojoc");
  }
  Detection look() {
    return detect([&](const char* name) -> const char* {
      auto it = environment_.find(name);
      return it == environment_.end() ? nullptr : it->second.c_str();
    });
  }
  fs::path root() const { return fs::canonical(folder_.path()); }

  std::map<std::string, std::string> environment_;
  test::TemporaryFolder folder_;
};

TEST_F(MaxDetect, NothingIsExplained) {
  Detection found = look();
  EXPECT_TRUE(found.found.empty());
  EXPECT_NE(found.explanation().find("no MAX installation"), std::string::npos);
}

TEST_F(MaxDetect, AFolderNamedByAVariable) {
  installation("own");
  for (const char* name : {"MODULAR_HOME", "MAX_HOME", "MOJO_HOME"}) {
    environment_ = {{name, (root() / "own").string()}};
    Detection found = look();
    ASSERT_EQ(found.found.size(), 1U) << name;
    EXPECT_EQ(found.found[0].root, root() / "own");
    EXPECT_EQ(found.found[0].found_by, name);
  }
}

TEST_F(MaxDetect, AVariableThatNamesAnotherFolderIsSaid) {
  fs::create_directories(root() / "empty");
  environment_ = {{"MAX_HOME", (root() / "empty").string()}};
  EXPECT_NE(look().explanation().find("holds no lib/libmax.so"), std::string::npos) << look().explanation();
}

TEST_F(MaxDetect, AnExecutableLeadsToItsInstallation) {
  installation("prefix");
  file("prefix/bin/max", true);
  environment_ = {{"PATH", "/nonexistent:" + (root() / "prefix/bin").string()}};
  Detection found = look();
  ASSERT_EQ(found.found.size(), 1U);
  EXPECT_EQ(found.found[0].root, root() / "prefix");
  EXPECT_NE(found.found[0].found_by.find("executable max"), std::string::npos);
}

TEST_F(MaxDetect, AnExecutableOfAPythonEnvironment) {
  installation("venv/lib/python3.11/site-packages/modular");
  file("venv/bin/mojo", true);
  environment_ = {{"PATH", (root() / "venv/bin").string()}};
  Detection found = look();
  ASSERT_EQ(found.found.size(), 1U);
  EXPECT_EQ(found.found[0].root, root() / "venv/lib/python3.11/site-packages/modular");
}

TEST_F(MaxDetect, AProgramOfThatNameProvesNothing) {
  file("decoy/bin/mojo", true);
  file("decoy/bin/max", true);
  environment_ = {{"PATH", (root() / "decoy/bin").string()}};
  Detection found = look();
  EXPECT_TRUE(found.found.empty());
  EXPECT_EQ(found.rejected.size(), 2U);
  EXPECT_NE(found.explanation().find("belongs to no MAX installation"), std::string::npos);
}

TEST_F(MaxDetect, AFileThatCannotBeRunIsNoProgram) {
  installation("prefix");
  file("prefix/bin/max", false);
  environment_ = {{"PATH", (root() / "prefix/bin").string()}};
  EXPECT_TRUE(look().found.empty());
}

TEST_F(MaxDetect, ThePythonEnvironmentInUse) {
  installation("venv/lib/python3.12/site-packages/modular");
  file("venv/bin/python3", true);
  for (const auto& [name, value] : std::map<std::string, fs::path>{{"VIRTUAL_ENV", root() / "venv"},
                                                                   {"CONDA_PREFIX", root() / "venv"},
                                                                   {"ACCELERATE_PYTHON", root() / "venv/bin/python3"},
                                                                   {"PATH", root() / "venv/bin"}}) {
    environment_ = {{name, value.string()}};
    Detection found = look();
    ASSERT_EQ(found.found.size(), 1U) << name;
    EXPECT_NE(found.found[0].found_by.find("Python environment"), std::string::npos);
  }
}

TEST_F(MaxDetect, HalfAToolchainSaysWhichHalfIsMissing) {
  file("kernelless/lib/libmax.so");
  file("kernelless/lib/libKGENCompilerRTShared.so");
  environment_ = {{"MAX_HOME", (root() / "kernelless").string()}};
  EXPECT_TRUE(look().found.empty());
  EXPECT_NE(look().explanation().find("no lib/mojo"), std::string::npos);
  file("runtimeless/lib/libmax.so");
  file("runtimeless/lib/mojo/std.mojoc");
  environment_ = {{"MAX_HOME", (root() / "runtimeless").string()}};
  EXPECT_NE(look().explanation().find("libKGENCompilerRTShared.so"), std::string::npos);
}

TEST_F(MaxDetect, OneInstallationFoundTwiceCountsOnce) {
  installation("prefix");
  file("prefix/bin/max", true);
  file("prefix/bin/mojo", true);
  environment_ = {{"MAX_HOME", (root() / "prefix").string()}, {"PATH", (root() / "prefix/bin").string()}};
  Detection found = look();
  ASSERT_EQ(found.found.size(), 1U);
  EXPECT_EQ(found.found[0].found_by, "MAX_HOME");
}

}  // namespace
}  // namespace accelerate::max_engine
