#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "runtime/calibration.h"
#include "tests/unit/runtime_support.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate {
namespace {

class Calibrated : public testing::Test {
 protected:
  void SetUp() override {
    setenv("ACCELERATE_CACHE_DIR", folder_.path().c_str(), 1);
    unsetenv("ACCELERATE_DEVICE");
    unsetenv("USE_MOJO_MAX_TARGET");
  }
  void TearDown() override { unsetenv("ACCELERATE_CACHE_DIR"); }
  test::TemporaryFolder folder_;
};

TEST_F(Calibrated, AutoTakesTheFastestDeviceOfThisGraph) {
  test::SmallEncoder encoder;
  InferenceSession session;
  Model before = session.load(encoder.graph, encoder.weights);
  EXPECT_EQ(before.report().backend, "cpu");
  EXPECT_TRUE(before.report().calibration.empty());
  remember_calibration(before.report().graph_hash, before.report().num_threads, {{"cpu", 7}, {"reference", 5}});
  Model after = session.load(encoder.graph, encoder.weights);
  EXPECT_EQ(after.report().backend, "reference");
  EXPECT_EQ(after.report().requested_device, "auto");
  EXPECT_EQ(after.report().calibration, "reference 5.00 ms, cpu 7.00 ms");
  auto inputs = encoder.inputs(1, 4);
  EXPECT_LE(test::max_difference(after.execute(inputs)[0], before.execute(inputs)[0]), 2e-5);
  // Named devices are what they are called.
  EXPECT_EQ(InferenceSession({.device = "cpu"}).load(encoder.graph, encoder.weights).report().backend, "cpu");
  // A device that this machine lacks now does not serve.
  remember_calibration(before.report().graph_hash, before.report().num_threads, {{"webnn", 1}, {"cpu", 7}});
  EXPECT_EQ(session.load(encoder.graph, encoder.weights).report().backend, "cpu");
}

TEST_F(Calibrated, AChangedFileIsNoMeasurement) {
  remember_calibration("abc", 2, {{"cpu", 1}});
  ASSERT_TRUE(recall_calibration("abc", 2));
  EXPECT_FALSE(recall_calibration("abc", 3));
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "calibration"))
    if (entry.path().extension() == ".json") std::filesystem::resize_file(entry.path(), 10);
  EXPECT_FALSE(recall_calibration("abc", 2));
  EXPECT_THROW(remember_calibration("abc", 2, {}), Error);
}

}  // namespace
}  // namespace accelerate
