#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "graph/weights.h"
#include "import/pt2/components.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/temporary_folder.h"
#include "tests/unit/zip_writer.h"

namespace accelerate::import {
namespace {

using test::throws_error;

Json tensor(const std::string& name) {
  return {{"as_tensor", {{"name", name}}}};
}

Json declared(const Json& sizes) {
  Json meta = {{"dtype", 7},
               {"sizes", Json::array()},
               {"strides", Json::array()},
               {"requires_grad", false},
               {"device", {{"type", "cpu"}, {"index", nullptr}}},
               {"storage_offset", {{"as_int", 0}}},
               {"layout", 7}};
  for (const Json& size : sizes) {
    meta["sizes"].push_back({{"as_int", size}});
    meta["strides"].push_back({{"as_int", 1}});
  }
  return meta;
}

/// An archive of result = rows + weight, both f32[2,3]; the weight lies outside.
std::string archive() {
  const Json program = {
      {"graph_module",
       {{"graph",
         {{"inputs", {tensor("w"), tensor("x")}},
          {"outputs", {tensor("y")}},
          {"nodes",
           {{{"target", "torch.ops.aten.add.Tensor"},
             {"inputs", {{{"name", "self"}, {"arg", tensor("x")}}, {{"name", "other"}, {"arg", tensor("w")}}}},
             {"outputs", {tensor("y")}},
             {"metadata", Json::object()}}}},
          {"tensor_values", {{"w", declared({2, 3})}, {"x", declared({2, 3})}, {"y", declared({2, 3})}}},
          {"sym_int_values", Json::object()},
          {"sym_bool_values", Json::object()}}},
        {"signature",
         {{"input_specs",
           {{{"parameter", {{"arg", {{"name", "w"}}}, {"parameter_name", "fc.weight"}}}},
            {{"user_input", {{"arg", tensor("x")}}}}}},
          {"output_specs", {{{"user_output", {{"arg", tensor("y")}}}}}}}},
        {"module_call_graph", Json::array()}}},
      {"opset_version", {{"aten", 10}}},
      {"range_constraints", Json::object()},
      {"schema_version", {{"major", 8}, {"minor", 20}}}};
  const Json facts = {{"schema", 1},
                      {"class", "Toy"},
                      {"model_type", "toy"},
                      {"inputs", {"rows"}},
                      {"outputs", {"result"}},
                      {"attention", "operator"},
                      {"weights", {{"fc.weight", "stored"}}}};
  return test::zip_of({{"m/models/model.json", program.dump()},
                       {"m/byteorder", "little"},
                       {"m/extra/ipfs_accelerate.json", facts.dump()}});
}

class ComponentsTest : public testing::Test {
 protected:
  ComponentsTest() {
    folder_.write("model-encoder.pt2", archive());
    folder_.write("model-decoder.pt2", archive());
    weights_->add("stored", Tensor::from<float>(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6}));
  }
  Pt2Model open(const Json& manifest) const {
    folder_.write("components.json", manifest.dump());
    return open_components(*open_folder(folder_.path()), weights_);
  }
  testing::AssertionResult refused(const Json& manifest, ErrorCode code,
                                   std::initializer_list<std::string> fragments) const {
    return throws_error(code, fragments, [&] { open(manifest); });
  }
  test::TemporaryFolder folder_;
  std::shared_ptr<MemoryWeights> weights_ = std::make_shared<MemoryWeights>();
  Json good_ = {
      {"schema", 1},
      {"graphs", {{"encoder", {{"file", "model-encoder.pt2"}}}, {"decoder", {{"file", "model-decoder.pt2"}}}}},
      {"links", {{{"from", "encoder.result"}, {"to", "decoder.rows"}}}}};
};

TEST_F(ComponentsTest, AreGraphsByRoleOverOneSetOfWeights) {
  Pt2Model model = open(good_);
  EXPECT_EQ(model.program.graphs.size(), 2U);
  EXPECT_EQ(model.program.graphs.at("decoder").name(), "decoder");
  EXPECT_EQ(model.program.metadata.at("links"), "encoder.result -> decoder.rows");
  EXPECT_EQ(model.program.metadata.at("form"), "attention");
  verify(model.program);
  EXPECT_TRUE(model.weights->find("stored"));
  folder_.write("model.pt2", archive());
  model = open(good_);
  EXPECT_EQ(model.program.graphs.size(), 3U);
  EXPECT_EQ(model.program.main().name(), "main");
}

TEST_F(ComponentsTest, RefuseAMalformedList) {
  const auto with = [&](const std::string& pointer, const Json& value) {
    Json out = good_;
    out[Json::json_pointer(pointer)] = value;
    return out;
  };
  EXPECT_TRUE(refused(with("/schema", 2), ErrorCode::unsupported_format, {"schema 2", "newer"}));
  EXPECT_TRUE(refused(with("/graphs", Json::object()), ErrorCode::invalid_model, {"'graphs'"}));
  EXPECT_TRUE(refused(with("/graphs", Json::array()), ErrorCode::invalid_model, {"'graphs'"}));
  EXPECT_TRUE(refused(with("/graphs/Up", {{"file", "model.pt2"}}), ErrorCode::invalid_model, {"'Up'"}));
  EXPECT_TRUE(refused(with("/graphs/main", {{"file", "model.pt2"}}), ErrorCode::invalid_model, {"'main'"}));
  EXPECT_TRUE(refused(with("/graphs/encoder/file", "../model.pt2"), ErrorCode::invalid_model, {"another folder"}));
  EXPECT_TRUE(refused(with("/graphs/encoder/file", ".."), ErrorCode::invalid_model, {".."}));
  EXPECT_TRUE(refused(with("/graphs/encoder/file", "gone.pt2"), ErrorCode::not_found, {"gone.pt2", "capture"}));
  EXPECT_TRUE(refused(with("/graphs/encoder", 3), ErrorCode::invalid_model, {"'encoder'"}));
  EXPECT_TRUE(refused(with("/links/0/from", "encoder.nothing"), ErrorCode::invalid_model, {"encoder.nothing"}));
  EXPECT_TRUE(refused(with("/links/0/to", "nobody.rows"), ErrorCode::invalid_model, {"nobody.rows"}));
  EXPECT_TRUE(refused(with("/links/0", 1), ErrorCode::invalid_model, {"link"}));
  EXPECT_TRUE(refused(with("/links", 1), ErrorCode::invalid_model, {"'links'"}));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] {
    folder_.write("components.json", "[");
    open_components(*open_folder(folder_.path()), weights_);
  }));
}

}  // namespace
}  // namespace accelerate::import
