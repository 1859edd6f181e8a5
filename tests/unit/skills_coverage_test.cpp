#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/file.h"
#include "skills/coverage.h"
#include "skills/sweep.h"
#include "skills/verification.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate::test {
namespace {

using namespace skills;

CoverageRecord record(const std::string& name, const std::string& stage, bool own = false,
                      const std::string& reason = "") {
  CoverageRecord r;
  r.model = {name, "bert", "bert", "text", {"AutoModel", "AutoModelForMaskedLM"}};
  r.stage = stage;
  r.own = own;
  r.reason = reason;
  r.sets = 3;
  r.nodes = 79;
  r.max_rel = 2.5e-7;
  r.capture_s = 1.25;
  return r;
}

CoverageTable sample() {
  CoverageTable out;
  for (auto& r : {record("AModel", "passed"), record("BModel", "eager", true, "it has no forward"),
                  record("CModel", "import", false, "no op\t\"aten.x\"\nat 12")})
    out[r.model.name] = r;
  return out;
}

TEST(Coverage, TheTableKeepsWhatRecordsSay) {
  TemporaryFolder folder;
  write_file_atomic(folder.path() / "t.tsv", write_table(sample()));
  CoverageTable back = read_table(folder.path() / "t.tsv");
  ASSERT_EQ(back.size(), 3u);
  EXPECT_EQ(write_table(back), write_table(sample()));
  EXPECT_EQ(back["AModel"].model.auto_classes, sample()["AModel"].model.auto_classes);
  EXPECT_DOUBLE_EQ(back["AModel"].max_rel, 2.5e-7);
  EXPECT_TRUE(back["BModel"].own);
  EXPECT_EQ(back["CModel"].reason, "no op \"aten.x\" at 12");
}

TEST(Coverage, RecordsSurviveATornLastLineAndInfinity) {
  TemporaryFolder folder;
  CoverageRecord r = record("AModel", "compare");
  r.max_rel = INFINITY;
  std::string line = to_json(r).dump() + "\n";
  write_file_atomic(folder.path() / "r.jsonl", line + to_json(record("BModel", "passed")).dump().substr(0, 40));
  CoverageTable back = read_records(folder.path() / "r.jsonl");
  ASSERT_EQ(back.size(), 1u);
  EXPECT_TRUE(std::isinf(back["AModel"].max_rel));
  write_file_atomic(folder.path() / "r.jsonl", "{\"class\": 3}\n" + line);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"line 1"}, [&] { read_records(folder.path() / "r.jsonl"); }));
}

TEST(Coverage, TotalsCountEachKind) {
  CoverageTotal all = total_of(sample());
  EXPECT_EQ(all.classes, 3);
  EXPECT_EQ(all.passed, 1);
  EXPECT_EQ(all.own, 1);
  EXPECT_EQ(totals_by_auto_class(sample()).size(), 2u);
  EXPECT_EQ(failures(sample()).size(), 2u);
  EXPECT_EQ(total_of({}).classes, 0);
  CoverageTable more = sample();
  more["DModel"] = record("DModel", "untried");
  EXPECT_EQ(total_of(more).untried, 1);
  EXPECT_EQ(total_of(more).classes, 4);
  EXPECT_EQ(failures(more).size(), 2u);
}

TEST(Coverage, ASampleHoldsEachModalityAndManyFamilies) {
  std::vector<ModelClass> classes;
  for (int i = 0; i < 90; ++i) {
    ModelClass m;
    m.name = "Text" + std::to_string(i);
    m.family = "family" + std::to_string(i / 3);
    m.modality = "text";
    classes.push_back(m);
  }
  for (int i = 0; i < 3; ++i) classes.push_back({"Audio" + std::to_string(i), "a", "a", "audio", {}});
  auto picked = stratified_sample(classes, 30);
  std::set<std::string> families;
  int audio = 0;
  for (const auto& m : picked) {
    families.insert(m.family);
    audio += m.modality == "audio" ? 1 : 0;
  }
  EXPECT_EQ(audio, 2);
  EXPECT_GE(families.size(), picked.size() - 1);
  std::reverse(classes.begin(), classes.end());
  auto again = stratified_sample(classes, 30);
  ASSERT_EQ(again.size(), picked.size());
  for (size_t i = 0; i < picked.size(); ++i) EXPECT_EQ(again[i].name, picked[i].name);
}

TEST(Compare, FloatsAgreeRelativeToTheLargest) {
  auto f = [](std::vector<double> v) { return Tensor::from<double>(DType::f32, {static_cast<int64_t>(v.size())}, v); };
  EXPECT_TRUE(compare(f({1, 100.001}), f({1, 100}), 1e-4).agrees);
  EXPECT_FALSE(compare(f({1, 100.1}), f({1, 100}), 1e-4).agrees);
  EXPECT_TRUE(compare(f({-INFINITY, NAN, 1}), f({-INFINITY, NAN, 1}), 1e-4).agrees);
  EXPECT_FALSE(compare(f({INFINITY, 1}), f({-INFINITY, 1}), 1e-4).agrees);
  EXPECT_FALSE(compare(f({NAN, 1}), f({0.5, 1}), 1e-4).agrees);
  EXPECT_FALSE(compare(f({0.5, 1}), f({NAN, 1}), 1e-4).agrees);
  EXPECT_FALSE(compare(f({0, 0}), f({0}), 1e-4).agrees);
  // A mask value beside ordinary ones does not hide their difference.
  EXPECT_FALSE(compare(f({-3.4028234e38, 1.1}), f({-3.4028234e38, 1}), 1e-4).agrees);
  EXPECT_FALSE(compare(f({1e-9}), f({0}), 1e-4).agrees);
}

TEST(Compare, WholeNumbersAreEqual) {
  auto i = [](std::vector<int64_t> v) { return Tensor::from<int64_t>(DType::i64, {2}, v); };
  EXPECT_TRUE(compare(i({1, 1LL << 60}), i({1, 1LL << 60}), 1e-4).agrees);
  EXPECT_FALSE(compare(i({1, (1LL << 60) + 1}), i({1, 1LL << 60}), 1e-4).agrees);
}

}  // namespace
}  // namespace accelerate::test
