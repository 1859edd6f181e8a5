#include <gtest/gtest.h>

#include "base/json.h"
#include "import/open.h"
#include "import/pt2/pt2.h"
#include "ops/evaluate.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/safetensors_writer.h"
#include "tests/unit/temporary_folder.h"
#include "tests/unit/zip_writer.h"

namespace accelerate::import {
namespace {

using test::safetensors_of;
using test::TemporaryFolder;
using test::throws_error;
using test::zip_of;

constexpr int kF32 = 7;
constexpr int kI64 = 5;

Json size_of_dim(const Json& dim) {
  if (dim.is_number()) return {{"as_int", dim}};
  return {{"as_expr", {{"expr_str", dim}, {"hint", {{"as_int", 5}}}}}};
}

/// A program as torch.export writes it, built by hand.
struct ProgramText {
  Json graph = {{"inputs", Json::array()},          {"outputs", Json::array()},
                {"nodes", Json::array()},           {"tensor_values", Json::object()},
                {"sym_int_values", Json::object()}, {"sym_bool_values", Json::object()}};
  Json input_specs = Json::array();
  Json output_specs = Json::array();
  int major = 8;

  static Json tensor_argument(const std::string& name) { return {{"as_tensor", {{"name", name}}}}; }

  void declare(const std::string& name, int dtype, const Json& sizes) {
    Json meta = {{"dtype", dtype},
                 {"sizes", Json::array()},
                 {"strides", Json::array()},
                 {"requires_grad", false},
                 {"device", {{"type", "cpu"}, {"index", nullptr}}},
                 {"storage_offset", {{"as_int", 0}}},
                 {"layout", 7}};
    for (const Json& size : sizes) meta["sizes"].push_back(size_of_dim(size));
    for (size_t i = 0; i < sizes.size(); ++i) meta["strides"].push_back(Json{{"as_int", 1}});
    graph["tensor_values"][name] = meta;
  }
  void input(const std::string& name, int dtype, const Json& sizes) {
    declare(name, dtype, sizes);
    graph["inputs"].push_back(tensor_argument(name));
    input_specs.push_back({{"user_input", {{"arg", tensor_argument(name)}}}});
  }
  void parameter(const std::string& name, const std::string& weight, const Json& sizes) {
    declare(name, kF32, sizes);
    graph["inputs"].push_back(tensor_argument(name));
    input_specs.push_back({{"parameter", {{"arg", {{"name", name}}}, {"parameter_name", weight}}}});
  }
  void node(const std::string& target, const Json& arguments, const std::string& result, int dtype, const Json& sizes) {
    Json inputs = Json::array();
    for (const auto& [name, value] : arguments.items())
      inputs.push_back(
          {{"name", name}, {"arg", value.is_string() ? tensor_argument(value.get<std::string>()) : value}});
    declare(result, dtype, sizes);
    graph["nodes"].push_back({{"target", "torch.ops." + target},
                              {"inputs", inputs},
                              {"outputs", {tensor_argument(result)}},
                              {"metadata", {{"nn_module_stack", "L__self__,,Toy;L__self__layer,layer.0,Layer"}}}});
  }
  void output(const std::string& name) {
    graph["outputs"].push_back(tensor_argument(name));
    output_specs.push_back({{"user_output", {{"arg", tensor_argument(name)}}}});
  }
  std::string text() const {
    return Json{{"graph_module",
                 {{"graph", graph},
                  {"signature", {{"input_specs", input_specs}, {"output_specs", output_specs}}},
                  {"module_call_graph", Json::array()}}},
                {"opset_version", {{"aten", 10}}},
                {"range_constraints", Json::object()},
                {"schema_version", {{"major", major}, {"minor", 20}}}}
        .dump();
  }
};

/// y = x weight^T, with a symbolic number of rows.
ProgramText linear_program() {
  ProgramText p;
  p.parameter("p_weight", "fc.weight", {3, 2});
  p.input("x", kF32, {"s0", 2});
  p.node("aten.linear.default", {{"input", "x"}, {"weight", "p_weight"}}, "y", kF32, {"s0", 3});
  p.output("y");
  return p;
}

std::string archive_of(const ProgramText& program, const Json& facts = nullptr, const std::string& constants = "") {
  std::vector<test::ZipItem> items = {{"m/models/model.json", program.text()}, {"m/byteorder", "little"}};
  if (!facts.is_null()) items.push_back({"m/extra/ipfs_accelerate.json", facts.dump()});
  if (!constants.empty()) items.push_back({"m/data/constants/model_constants_config.json", constants});
  return zip_of(items);
}

Json linear_facts(const Json& weight = "stored.weight") {
  return {{"schema", 1},        {"class", "ToyModel"},   {"model_type", "toy"},
          {"inputs", {"rows"}}, {"outputs", {"result"}}, {"weights", {{"fc.weight", weight}}}};
}

class Pt2 : public testing::Test {
 protected:
  std::shared_ptr<MappedFile> file(const std::string& content) const {
    return MappedFile::open(folder_.write("model.pt2", content));
  }
  static std::shared_ptr<MemoryWeights> weights(const std::string& name = "stored.weight",
                                                std::vector<int64_t> shape = {3, 2}) {
    auto out = std::make_shared<MemoryWeights>();
    std::vector<float> values(static_cast<size_t>(num_elements(shape)));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
    out->add(name, Tensor::from<float>(DType::f32, shape, values));
    return out;
  }
  static int64_t num_elements(const std::vector<int64_t>& shape) {
    int64_t n = 1;
    for (const int64_t extent : shape) n *= extent;
    return n;
  }
  testing::AssertionResult refused(const ProgramText& program, ErrorCode code,
                                   std::initializer_list<std::string> fragments) const {
    return throws_error(code, fragments, [&] { open_pt2(file(archive_of(program)), weights("fc.weight")); });
  }
  TemporaryFolder folder_;
};

TEST_F(Pt2, ConvertsAProgramAndRunsIt) {
  const Pt2Model model = open_pt2(file(archive_of(linear_program(), linear_facts())), weights());
  const Graph& graph = model.program.main();
  EXPECT_EQ(graph.input_name(0), "rows");
  EXPECT_EQ(graph.outputs().at(0).name, "result");
  EXPECT_EQ(graph.type_of(graph.inputs()[0]).to_string(), "f32[s0, 2]");
  EXPECT_EQ(model.program.metadata.at("architecture"), "ToyModel");
  EXPECT_EQ(graph.nodes().back().location, "layer.0");
  const Tensor x = Tensor::from<float>(DType::f32, {2, 2}, {1, 0, 1, 1});
  const auto out = ops::evaluate(graph, std::vector<Tensor>{x}, model.weights.get());
  ASSERT_EQ(out.at(0).shape(), (std::vector<int64_t>{2, 3}));
  for (const auto& [i, value] : std::map<int64_t, double>{{0, 1}, {1, 3}, {2, 5}, {3, 3}, {4, 7}, {5, 11}})
    EXPECT_EQ(out[0].get(i), value);
}

TEST_F(Pt2, NamesAreThoseOfTheGraphWhereNothingElseTells) {
  const Pt2Model model = open_pt2(file(archive_of(linear_program())), weights("fc.weight"));
  EXPECT_EQ(model.program.main().input_name(0), "x");
  EXPECT_EQ(model.program.main().outputs().at(0).name, "y");
}

TEST_F(Pt2, AWeightMayBeMadeOfStoredParts) {
  const Json stacked = {{"op", "stack"}, {"axis", 0}, {"of", {"a", "b", "a"}}};
  auto stored = weights("a", {2});
  stored->add("b", Tensor::from<float>(DType::f32, {2}, std::vector<float>{5, 6}));
  const Pt2Model model = open_pt2(file(archive_of(linear_program(), linear_facts(stacked))), stored);
  const Tensor x = Tensor::from<float>(DType::f32, {1, 2}, {1, 1});
  const auto out = ops::evaluate(model.program.main(), std::vector<Tensor>{x}, model.weights.get());
  EXPECT_EQ(out.at(0).get(0), 3);
  EXPECT_EQ(out.at(0).get(1), 11);
}

TEST_F(Pt2, AllUnknownOpsAreNamedAtOnce) {
  ProgramText p = linear_program();
  p.graph["outputs"].clear();
  p.output_specs.clear();
  p.node("aten.frobnicate.default", {{"self", "y"}, {"n", Json{{"as_int", 3}}}}, "z", kF32, {"s0", 3});
  p.node("mylib.other.default", {{"x", "z"}}, "w", kF32, {"s0", 3});
  p.node("mylib.other.default", {{"x", "w"}}, "v", kF32, {"s0", 3});
  p.node("aten.never_used.default", {{"x", "w"}}, "dead", kF32, {"s0", 3});
  p.output("v");
  EXPECT_TRUE(refused(p, ErrorCode::unsupported_op,
                      {"2 ops", "aten.frobnicate.default(n=3, self=tensor), 1 time",
                       "mylib.other.default(x=tensor), 2 times, first in layer.0"}));
}

TEST_F(Pt2, ALaterSchemaIsRefused) {
  ProgramText p = linear_program();
  p.major = 9;
  EXPECT_TRUE(refused(p, ErrorCode::unsupported_format, {"schema version 9.20", "newer PyTorch"}));
  p.major = 7;
  EXPECT_TRUE(refused(p, ErrorCode::unsupported_format, {"schema version 7.20", "old PyTorch"}));
}

TEST_F(Pt2, ShapesThatLieAreRefused) {
  ProgramText p = linear_program();
  p.declare("y", kF32, {"s0", 4});
  EXPECT_TRUE(refused(p, ErrorCode::invalid_model, {"'y'", "[s0, 4]", "[s0, 3]", "aten.linear.default", "layer.0"}));
  p.declare("y", kI64, {"s0", 3});
  EXPECT_TRUE(refused(p, ErrorCode::invalid_model, {"'y' is declared as i64", "give f32"}));
  p.declare("y", kF32, {"s0"});
  EXPECT_TRUE(refused(p, ErrorCode::invalid_model, {"'y'", "[s0]"}));
}

TEST_F(Pt2, MissingAndWrongWeightsAreListed) {
  const auto open = [&](const std::shared_ptr<MemoryWeights>& stored) {
    open_pt2(file(archive_of(linear_program(), linear_facts())), stored);
  };
  EXPECT_TRUE(throws_error(ErrorCode::invalid_weights, {"1 weights", "stored.weight f32[3, 2]"},
                           [&] { open(weights("another")); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_weights, {"another shape", "stored.weight is [2, 3]", "wants [3, 2]"},
                           [&] { open(weights("stored.weight", {2, 3})); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_weights, {"stored.weight"},
                           [&] { open_pt2(file(archive_of(linear_program(), linear_facts())), nullptr); }));
}

TEST_F(Pt2, MalformedProgramsAreRefused) {
  const auto open = [&](const std::string& json) { open_pt2(file(zip_of({{"m/models/model.json", json}})), nullptr); };
  for (const std::string& json :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"), std::string(100000, '[')})
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { open(json); })) << json.substr(0, 20);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"torch.export"},
                           [&] { open_pt2(file(zip_of({{"a.json", "{}"}})), nullptr); }));
  ProgramText p = linear_program();
  p.graph["nodes"][0]["inputs"][0]["arg"] = {{"as_tensor", {{"name", "nobody"}}}};
  EXPECT_TRUE(refused(p, ErrorCode::invalid_model, {"'nobody'", "never defined"}));
  p = linear_program();
  p.graph["nodes"][0]["inputs"].erase(1);
  EXPECT_TRUE(refused(p, ErrorCode::invalid_model, {"'weight' is missing"}));
  p = linear_program();
  p.graph["nodes"][0]["inputs"][0]["arg"] = {{"as_teapot", 1}};
  EXPECT_TRUE(refused(p, ErrorCode::invalid_model, {"as_teapot"}));
  p = linear_program();
  p.output_specs.clear();
  EXPECT_TRUE(refused(p, ErrorCode::invalid_model, {"no output"}));
}

TEST_F(Pt2, StoredTensorsAreCheckedAgainstTheirBytes) {
  ProgramText p;
  p.declare("c", kF32, {2, 2});
  p.graph["inputs"].push_back(ProgramText::tensor_argument("c"));
  p.input_specs.push_back({{"tensor_constant", {{"arg", {{"name", "c"}}}, {"tensor_constant_name", "c"}}}});
  p.node("aten.neg.default", {{"self", "c"}}, "y", kF32, {2, 2});
  p.output("y");
  const auto run = [&](int64_t stride0, int64_t stride1, int64_t offset, size_t num_floats) {
    Json meta = p.graph["tensor_values"]["c"];
    meta["strides"] = {{{"as_int", stride0}}, {{"as_int", stride1}}};
    meta["storage_offset"] = {{"as_int", offset}};
    const Json config = {
        {"config",
         {{"c", {{"path_name", "tensor_0"}, {"is_param", false}, {"use_pickle", false}, {"tensor_meta", meta}}}}}};
    std::string raw;
    for (size_t i = 0; i < num_floats; ++i) {
      const auto value = static_cast<float>(i);
      raw.append(reinterpret_cast<const char*>(&value), 4);
    }
    const std::string archive = zip_of({{"m/models/model.json", p.text()},
                                        {"m/data/constants/model_constants_config.json", config.dump()},
                                        {"m/data/constants/tensor_0", raw}});
    const Pt2Model model = open_pt2(file(archive), nullptr);
    const auto out = ops::evaluate(model.program.main(), std::vector<Tensor>{}, model.weights.get());
    return std::vector<double>{out[0].get(0), out[0].get(1), out[0].get(2), out[0].get(3)};
  };
  EXPECT_EQ(run(2, 1, 0, 4), (std::vector<double>{0, -1, -2, -3}));
  EXPECT_EQ(run(1, 2, 1, 5), (std::vector<double>{-1, -3, -2, -4}));
  EXPECT_EQ(run(0, 1, 0, 4), (std::vector<double>{0, -1, 0, -1}));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"'c'", "needs 20 bytes", "has 16"}, [&] { run(2, 1, 1, 4); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"'c'"}, [&] { run(int64_t{1} << 62, 1, 0, 4); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"'c'"}, [&] { run(-1, 1, 0, 4); }));
}

TEST_F(Pt2, AFolderWithoutABuilderUsesItsCapture) {
  folder_.write("model.pt2", archive_of(linear_program(), linear_facts()));
  folder_.write("model.safetensors",
                safetensors_of({{"stored.weight", {3, 2}, {1, 2, 3, 4, 5, 6}}, {"other", {1}, {1}}}));
  folder_.write("config.json",
                R"({"architectures": ["ToyModel"], "model_type": "toy", "auto_map": {"AutoModel": "m.ToyModel"}})");
  const models::ModelRegistry none;
  const OpenedModel model = import::open(folder_.path(), {}, none);
  EXPECT_EQ(model.program.metadata.at("architecture"), "ToyModel");
  EXPECT_EQ(model.unused_weights, std::vector<std::string>{"other"});
  EXPECT_TRUE(throws_error(ErrorCode::unsupported_model, {"ToyModel"},
                           [&] { import::open(folder_.path(), {.graph = "native"}, none); }));
  EXPECT_TRUE(throws_error(ErrorCode::unsupported_model, {"captured as ToyModel", "OtherModel"},
                           [&] { import::open(folder_.path(), {.architecture = "OtherModel"}, none); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"'best'"},
                           [&] { import::open(folder_.path(), {.graph = "best"}, none); }));
  std::filesystem::remove(folder_.path() / "model.pt2");
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"model.pt2"},
                           [&] { import::open(folder_.path(), {.graph = "captured"}, none); }));
}

TEST_F(Pt2, ALoneArchiveIsOpened) {
  const auto path = folder_.write("toy.pt2", archive_of(linear_program(), linear_facts()));
  folder_.write("model.safetensors", safetensors_of({{"stored.weight", {3, 2}, {1, 2, 3, 4, 5, 6}}}));
  const OpenedModel model = import::open(path);
  EXPECT_EQ(model.folder->architectures(), std::vector<std::string>{"ToyModel"});
  EXPECT_EQ(model.program.main().outputs().at(0).name, "result");
}

}  // namespace
}  // namespace accelerate::import
