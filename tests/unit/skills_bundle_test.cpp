#include <gtest/gtest.h>

#include "base/file.h"
#include "import/bundle/bundle_files.h"
#include "import/open.h"
#include "ops/registry.h"
#include "skills/bundle_writer.h"
#include "skills/find_model.h"
#include "skills/generate.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/safetensors_writer.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate::skills {
namespace {

namespace fs = std::filesystem;
using test::safetensors_of;
using test::TemporaryFolder;
using test::throws_error;

/// A family whose model is one weight.
models::ModelRegistry toy_registry() {
  models::ModelRegistry registry;
  registry.add({.model_type = "toy",
                .architectures = {"ToyModel"},
                .base_model_prefix = "toy",
                .build = [](const models::BuildContext& context) {
                  Graph graph("main");
                  const std::string name = "toy.scale";
                  graph.output(graph.add1(ops::registry().get("weight"), {},
                                          {{"name", name}, {"dtype", context.stored_dtype(name)}, {"shape", Shape{2}}}),
                               "scale");
                  Program program;
                  program.graphs.emplace("main", std::move(graph));
                  return program;
                }});
  return registry;
}

/// A model folder and the skill that was made of it.
class ToySkill {
 public:
  explicit ToySkill(bool self_contained = false) {
    model.write("config.json", R"({"architectures": ["ToyModel"], "model_type": "toy"})");
    model.write("tokenizer_config.json", "{}");
    // The checkpoint's name lacks the prefix of the family.
    model.write("model.safetensors", safetensors_of({{"scale", {2}, {3, 4}}, {"other", {1}, {5}}}));
    const import::OpenedModel opened = import::open(model.path(), {}, toy_registry());
    manifest = write_bundle(skill.path(), opened,
                            {.name = "toy",
                             .task = "",
                             .graph_kind = "native",
                             .architecture = "ToyModel",
                             .weight_prefix = "toy",
                             .self_contained = self_contained});
    write_manifest(skill.path(), manifest);
  }
  testing::AssertionResult refused(ErrorCode code, std::initializer_list<std::string> fragments) const {
    return throws_error(code, fragments, [&] { import::open(skill.path()); });
  }
  /// skill.json with one text replaced.
  void change(const std::string& from, const std::string& to) const {
    std::string text = read_file(skill.path() / "skill.json");
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    skill.write("skill.json", text.replace(at, from.size(), to));
  }

  TemporaryFolder model;
  TemporaryFolder skill;
  import::Manifest manifest;
};

TEST(SkillBundle, OpensWithTheGraphAndWeightsThatItWasMadeOf) {
  const ToySkill toy;
  // Nothing but what is listed, and no copy of the weights.
  EXPECT_FALSE(fs::exists(toy.skill.path() / "model.safetensors"));
  const import::OpenedModel opened = import::open(toy.skill.path());
  EXPECT_EQ(identity_hash(opened.program), toy.manifest.graph_identity);
  EXPECT_EQ(opened.weights->read("toy.scale").get(1), 4);
  EXPECT_EQ(toy.manifest.weights.at(0).tensors, std::vector<std::string>{"scale"});
  EXPECT_EQ(toy.manifest.files.count("tokenizer_config.json"), 1U);
  EXPECT_EQ(opened.program.metadata.at("architecture"), "ToyModel");
}

TEST(SkillBundle, ManifestReadsBackAsItWasWritten) {
  const ToySkill toy;
  const Json json = import::to_json(toy.manifest);
  EXPECT_EQ(import::to_json(import::parse_manifest(json.dump(), "skill.json")), json);
}

TEST(SkillBundle, SelfContainedNeedsNoModelFolder) {
  const ToySkill toy(true);
  fs::remove(toy.model.path() / "model.safetensors");
  EXPECT_EQ(import::open(toy.skill.path()).weights->read("toy.scale").get(0), 3);
}

TEST(SkillBundle, RefusesWeightsThatChanged) {
  const ToySkill toy;
  toy.model.write("model.safetensors", safetensors_of({{"scale", {2}, {3, 5}}, {"other", {1}, {5}}}));
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_weights, {"model.safetensors", "its content is", "expected"}));
}

TEST(SkillBundle, RefusesWeightsThatAreGone) {
  const ToySkill toy;
  fs::remove(toy.model.path() / "model.safetensors");
  EXPECT_TRUE(toy.refused(ErrorCode::not_found, {"the weight file model.safetensors"}));
}

TEST(SkillBundle, RefusesAGraphThatChanged) {
  const ToySkill toy;
  const std::string graph = read_file(toy.skill.path() / "graph.txt");
  toy.skill.write("graph.txt", graph + "\n");
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_model, {"graph.txt", "expected"}));
}

TEST(SkillBundle, RefusesAnotherIdentity) {
  const ToySkill toy;
  toy.change(toy.manifest.graph_identity, std::string(64, '0'));
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_graph, {"identity", std::string(64, '0')}));
}

TEST(SkillBundle, RefusesANewerSchema) {
  const ToySkill toy;
  toy.change("\"schema\": 1", "\"schema\": 2");
  EXPECT_TRUE(toy.refused(ErrorCode::unsupported_format, {"schema 2", "newer program"}));
}

TEST(SkillBundle, RefusesNamesThatLeaveTheFolder) {
  const ToySkill toy;
  toy.change("\"graph.txt\"", "\"../graph.txt\"");
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_model, {"../graph.txt", "refused"}));
}

TEST(SkillBundle, RefusesAFileThatNothingVouchesFor) {
  const ToySkill toy;
  toy.change("\"file\": \"graph.txt\"", "\"file\": \"other.txt\"");
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_model, {"other.txt", "vouches"}));
}

TEST(SkillBundle, RefusesAnotherClass) {
  const ToySkill toy;
  EXPECT_TRUE(throws_error(ErrorCode::unsupported_model, {"ToyModel", "OtherModel"},
                           [&] { import::open(toy.skill.path(), {.architecture = "OtherModel"}); }));
}

TEST(Generate, SaysWhatIsWrongAndLeavesNothing) {
  const TemporaryFolder folder;
  GenerateOptions options;
  options.output_dir = folder.path() / "out";
  options.verify = false;
  const auto refused = [&](const GenerateRequest& request, ErrorCode code, std::initializer_list<std::string> words) {
    return throws_error(code, words, [&] { generate(request, options); });
  };
  EXPECT_TRUE(refused({.model = "./no/such/model"}, ErrorCode::not_found, {"./no/such/model", "folder"}));
  EXPECT_TRUE(refused({}, ErrorCode::invalid_argument, {"model or a class"}));
  fs::create_directories(folder.path() / "empty");
  EXPECT_TRUE(refused({.model = (folder.path() / "empty").native()}, ErrorCode::not_found, {"config.json"}));
  EXPECT_TRUE(
      refused({.model = (folder.path() / "empty").native(), .name = "../up"}, ErrorCode::invalid_argument, {"../up"}));
  EXPECT_TRUE(refused({.class_name = "a;b"}, ErrorCode::invalid_argument, {"no class name"}));
  EXPECT_TRUE(!fs::exists(options.output_dir) || fs::is_empty(options.output_dir));
}

TEST(Generate, RefusesThePlaceOfAnother) {
  const ToySkill toy;
  GenerateOptions options;
  options.output_dir = toy.skill.path().parent_path();
  const std::string name = toy.skill.path().filename().native();
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"is there already"},
                           [&] { generate({.model = toy.model.path().native(), .name = name}, options); }));
  options.output_dir = toy.skill.path();
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"is a skill itself"},
                           [&] { generate({.model = toy.model.path().native()}, options); }));
}

TEST(Generate, NamesSkillsByTheirModels) {
  EXPECT_EQ(skill_name_of("/a/b/my model/"), "my_model");
  EXPECT_EQ(skill_name_of("org/name"), "org--name");
  EXPECT_EQ(skill_name_of("/cache/models--org--name/snapshots/abc"), "org--name");
  EXPECT_EQ(skill_name_of("bert-base-uncased"), "bert-base-uncased");
}

}  // namespace
}  // namespace accelerate::skills
