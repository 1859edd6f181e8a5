#include <gtest/gtest.h>

#include "import/hf/checkpoint_names.h"
#include "import/open.h"
#include "ops/registry.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/safetensors_writer.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate::import {
namespace {

namespace fs = std::filesystem;
using test::safetensors_of;
using test::TemporaryFolder;
using test::throws_error;

Value weight(Graph& graph, const std::string& name, DType dtype, std::vector<int64_t> shape) {
  Shape dims(shape.begin(), shape.end());
  return graph.add(ops::registry().get("weight"), {}, {{"name", name}, {"dtype", dtype}, {"shape", dims}}).at(0);
}

/// A family of one layer: the sum of its norm's parameters, of the width that config.json gives.
models::ModelRegistry toy_registry() {
  models::ModelRegistry registry;
  registry.add({.model_type = "toy",
                .architectures = {"ToyModel", "ToyForMaskedLM"},
                .base_model_prefix = "toy",
                .build = [](const models::BuildContext& context) {
                  const int64_t width = json_int(context.config, "hidden_size", {}, 1, 100);
                  Graph graph("main");
                  Value sum;
                  for (const std::string name : {"toy.LayerNorm.weight", "toy.LayerNorm.bias"}) {
                    const Value value = weight(graph, name, context.stored_dtype(name), {width});
                    sum = sum ? graph.add1(ops::registry().get("add"), {sum, value}) : value;
                  }
                  if (context.architecture == "ToyForMaskedLM" || context.has_weight("head.bias")) {
                    sum = graph.add1(ops::registry().get("add"),
                                     {sum, weight(graph, "head.bias", context.stored_dtype("head.bias"), {width})});
                  }
                  graph.output(sum);
                  Program program;
                  program.graphs.emplace("main", std::move(graph));
                  return program;
                }});
  return registry;
}

class ToyFolder {
 public:
  ToyFolder() {
    config(R"({"architectures": ["ToyModel"], "model_type": "toy", "hidden_size": 2})");
    folder.write("model.safetensors",
                 safetensors_of({{"toy.LayerNorm.weight", {2}, {1, 2}}, {"toy.LayerNorm.bias", {2}, {3, 4}}}));
  }
  void config(const std::string& text) const { folder.write("config.json", text); }
  OpenedModel open(const OpenOptions& options = {}) const {
    return import::open(folder.path(), options, toy_registry());
  }
  testing::AssertionResult refused(ErrorCode code, std::initializer_list<std::string> fragments) const {
    return throws_error(code, fragments, [&] { (void)open(); });
  }
  TemporaryFolder folder;
};

TEST(Open, BuildsTheProgramWithItsWeights) {
  const ToyFolder toy;
  const OpenedModel model = toy.open();
  EXPECT_EQ(model.program.metadata.at("architecture"), "ToyModel");
  EXPECT_EQ(model.program.metadata.at("model_type"), "toy");
  EXPECT_EQ(model.weights->read("toy.LayerNorm.bias").get(1), 4.0);
  EXPECT_TRUE(model.unused_weights.empty());
  EXPECT_TRUE(model.files->contains("config.json"));
}

TEST(Open, OldNamesAndMissingPrefixesAreFound) {
  const ToyFolder toy;
  toy.folder.write(
      "model.safetensors",
      safetensors_of({{"LayerNorm.gamma", {2}, {1, 2}}, {"LayerNorm.beta", {2}, {3, 4}}, {"position_ids", {1}, {0}}}));
  const OpenedModel model = toy.open();
  EXPECT_EQ(model.weights->read("toy.LayerNorm.weight").get(1), 2.0);
  EXPECT_EQ(model.unused_weights, std::vector<std::string>{"position_ids"});
}

TEST(Open, TheClassCanBeChosen) {
  const ToyFolder toy;
  toy.config(R"({"architectures": ["ToyForMaskedLM"], "model_type": "toy", "hidden_size": 2})");
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_weights, {"head.bias", "1 of the 3"}));
  EXPECT_EQ(toy.open({.architecture = "ToyModel"}).program.metadata.at("architecture"), "ToyModel");
  toy.config(R"({"model_type": "toy", "hidden_size": 2})");
  EXPECT_EQ(toy.open().program.metadata.at("architecture"), "ToyModel");
}

TEST(Open, MissingWeightsAreListedTogether) {
  const ToyFolder toy;
  toy.folder.write("model.safetensors", safetensors_of({{"other", {2}, {1, 2}}}));
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_weights, {"toy.LayerNorm.weight", "toy.LayerNorm.bias", "2 of the 2"}));
}

TEST(Open, AnotherShapeNamesBoth) {
  const ToyFolder toy;
  toy.config(R"({"architectures": ["ToyModel"], "hidden_size": 3})");
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_weights, {"toy.LayerNorm.weight", "[2]", "[3]"}));
}

TEST(Open, UnknownClassesNameTheNearestAndTheRoute) {
  const ToyFolder toy;
  toy.config(R"({"architectures": ["ToysForMaskLM"], "model_type": "toys"})");
  EXPECT_TRUE(
      toy.refused(ErrorCode::unsupported_model, {"ToysForMaskLM", "ToyForMaskedLM", "ipfs_accelerate", ".pt2"}));
  toy.config(R"({"architectures": ["Mine"], "auto_map": {"AutoModel": "mine.Mine"}})");
  EXPECT_TRUE(toy.refused(ErrorCode::unsupported_model, {"Mine", "auto_map", "never run"}));
  toy.config(R"({})");
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_model, {"architectures"}));
  toy.config(R"({"architectures": ["ToyModel"], "hidden_size": 2, "quantization_config": {"quant_method": "awq"}})");
  EXPECT_TRUE(toy.refused(ErrorCode::unsupported_model, {"awq"}));
  // Code in the folder is no obstacle to a class that is built in.
  toy.config(R"({"architectures": ["ToyModel"], "hidden_size": 2, "auto_map": {"AutoModel": "mine.Mine"}})");
  EXPECT_NO_THROW(toy.open());
}

TEST(Open, BuilderErrorsSayWhichModel) {
  const ToyFolder toy;
  toy.config(R"({"architectures": ["ToyModel"], "hidden_size": 1000})");
  EXPECT_TRUE(toy.refused(ErrorCode::invalid_model, {"'hidden_size' is 1000", "[1, 100]", "ToyModel from"}));
}

TEST(Open, DenseModulesBringTheirWeights) {
  const ToyFolder toy;
  toy.folder.write("modules.json", R"([{"path":"","type":"sentence_transformers.models.Transformer"},
      {"path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
      {"path":"2_Dense","type":"sentence_transformers.models.Dense"}])");
  toy.folder.write("1_Pooling/config.json", R"({"word_embedding_dimension": 2})");
  toy.folder.write("2_Dense/config.json", R"({"in_features": 2, "out_features": 1, "bias": false})");
  EXPECT_TRUE(toy.refused(ErrorCode::not_found, {"2_Dense", "model.safetensors"}));
  toy.folder.write("2_Dense/model.safetensors", safetensors_of({{"linear.weight", {1, 2}, {5, 6}}}));
  const OpenedModel model = toy.open();
  EXPECT_EQ(model.weights->read("2_Dense/linear.weight").get(1), 6.0);
  EXPECT_EQ(model.weights->read("toy.LayerNorm.weight").get(0), 1.0);
  EXPECT_FALSE(model.weights->find("2_Dense/linear.bias").has_value());
}

TEST(OpenModelFiles, FilesAreRefusedWithTheWayToGoOn) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& name, std::initializer_list<std::string> fragments) {
    return throws_error(ErrorCode::unsupported_format, fragments, [&] { open_model_files(folder.write(name, "x")); });
  };
  EXPECT_TRUE(refused("model.safetensors", {"give the folder"}));
  EXPECT_TRUE(refused("pytorch_model.bin", {"pickle"}));
  EXPECT_TRUE(refused("model.tflite", {"Hugging Face folder"}));
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"absent"}, [&] { open_model_files(folder.path() / "absent"); }));
}

TEST(OpenModelFiles, HubCacheFolderGivesItsMainSnapshot) {
  const TemporaryFolder folder;
  const fs::path repository = folder.path() / "models--org--toy";
  folder.write("models--org--toy/blobs/abc", "{}");
  folder.write("models--org--toy/refs/main", "1234\n");
  fs::create_directories(repository / "snapshots/1234");
  fs::create_symlink("../../blobs/abc", repository / "snapshots/1234/config.json");
  EXPECT_EQ(open_model_files(repository)->read("config.json"), "{}");
  folder.write("models--org--toy/refs/main", "../../..");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"'..'"}, [&] { open_model_files(repository); }));
}

TEST(CheckpointNames, PrefixAndNormRules) {
  auto files = std::make_shared<MemoryWeights>();
  for (const char* name : {"bert.embeddings.LayerNorm.gamma", "encoder.norm1.bias", "bert.a.weight", "a.weight",
                           "cls.gamma", "bert.pooler.gamma"}) {
    files->add(name, Tensor::scalar(DType::f32, 1));
  }
  const CheckpointNames names(files, "bert");
  EXPECT_EQ(names.resolve("bert.embeddings.LayerNorm.weight"), "bert.embeddings.LayerNorm.gamma");
  EXPECT_EQ(names.resolve("embeddings.LayerNorm.weight"), "bert.embeddings.LayerNorm.gamma");
  EXPECT_EQ(names.resolve("bert.encoder.norm1.bias"), "encoder.norm1.bias");
  EXPECT_EQ(names.resolve("a.weight"), "a.weight");
  EXPECT_EQ(names.resolve("bert.a.weight"), "bert.a.weight");
  EXPECT_FALSE(names.resolve("bert.pooler.weight").has_value());  // gamma is a name for norms alone
  EXPECT_FALSE(names.resolve("bert").has_value());
  EXPECT_FALSE(names.resolve("").has_value());
  EXPECT_TRUE(throws_error(ErrorCode::invalid_weights, {"'x'"}, [&] { (void)names.read("x"); }));
  const CheckpointNames plain(files, "");
  EXPECT_FALSE(plain.resolve("embeddings.LayerNorm.weight").has_value());
}

}  // namespace
}  // namespace accelerate::import
