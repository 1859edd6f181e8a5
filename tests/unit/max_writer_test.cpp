#include <gtest/gtest.h>

#include <sstream>

#include "accelerate/ops.h"
#include "backends/max/mo/ops.h"
#include "backends/max/mo/reader.h"
#include "backends/max/mo/writer.h"
#include "ops/evaluate.h"
#include "ops/registry.h"

namespace accelerate::max_engine {
namespace {

/// A small model whose names are given: two inputs, a weight, a slice and a concatenation.
Graph model(const std::string& dim, const std::string& input, const std::string& weight) {
  Graph g("model");
  Value x = g.add_input(input, {DType::f32, {dim.c_str(), 8}});
  Value w = ops::weight(g, weight, TensorType(DType::f32, {4, 8}));
  Value y = ops::linear(x, w);
  Value both = ops::concat({y, ops::slice(y, 0, 0, 1)}, 0);
  g.output(both, input + "_out");
  return g;
}

TEST(MaxWriter, NamesOfTheModelDoNotReachTheText) {
  MoText a = write_mo(model("batch", "ids", "encoder.weight"));
  MoText b = write_mo(model("rows", "tokens", "decoder.weight"));
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.text.find("batch"), std::string::npos);
  EXPECT_EQ(a.externals, (std::vector<std::string>{"encoder.weight"}));
}

TEST(MaxWriter, EveryOperationHasNoLocation) {
  std::istringstream lines(write_mo(model("n", "x", "w")).text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" = ") != std::string::npos && line.starts_with("  ")) {
      EXPECT_TRUE(line.ends_with("loc(unknown)")) << line;
    }
  }
}

TEST(MaxWriter, AnExpressionOfDimsIsASymbolOfACarrier) {
  MoText text = write_mo(model("n", "x", "w"));
  ASSERT_EQ(text.carriers.size(), 1U);
  ASSERT_EQ(text.carriers[0].dims.size(), 1U);
  EXPECT_EQ(text.carriers[0].dims[0].to_string(), "n + 1");
  EXPECT_NE(text.text.find("!mo.tensor<[d1, 0], ui8>"), std::string::npos) << text.text;
  EXPECT_NE(text.text.find("add(d0, 1)"), std::string::npos) << text.text;
}

TEST(MaxWriter, NumbersNeedNoCarrier) {
  Graph g("fixed", {TensorType(DType::f32, {2, 3})});
  g.output(ops::reshape(ops::neg(g.input(0)), {6}));
  MoText text = write_mo(g);
  EXPECT_TRUE(text.carriers.empty());
  EXPECT_NE(text.text.find("mo.graph @region(%x0: !mo.tensor<[2, 3], f32> loc(unknown)) -> !mo.tensor<[6], f32>"),
            std::string::npos)
      << text.text;
}

TEST(MaxWriter, FloatsAreExactBits) {
  Graph g("constant", {TensorType(DType::f32, {})});
  g.output(ops::add(g.input(0), ops::constant(g, Tensor::scalar(DType::f32, 0.1))));
  EXPECT_NE(write_mo(g).text.find("#M.dense_array<0x3DCCCCCD> : tensor<f32>"), std::string::npos);
}

TEST(MaxWriter, AllOpsWithoutAFormAreNamed) {
  Graph g("gaps", {TensorType(DType::f32, {8})});
  g.output(ops::sort(ops::cum_max(g.input(0), 0)[0])[0]);
  try {
    write_mo(g);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported_op);
    EXPECT_NE(error.message().find("sort"), std::string::npos);
    EXPECT_NE(error.message().find("cum_max"), std::string::npos);
  }
}

TEST(MaxWriter, NamesAreKeptWhereAsked) {
  MoText text = write_mo(model("n", "ids", "layer.\"q\".weight"), {.names_of_graph = true});
  EXPECT_NE(text.text.find("argument_names = [\"ids\""), std::string::npos) << text.text;
  EXPECT_NE(text.text.find("name = \"layer.\\22q\\22.weight\""), std::string::npos) << text.text;
}

/// Every entry of the table names an op that exists.
TEST(MaxWriter, TheTableNamesOps) {
  for (const auto& [name, entry] : mo_table()) EXPECT_NE(ops::registry().find(name), nullptr) << name;
}

TEST(MaxWriter, WhatIsExpandedCanBeWritten) {
  Graph g("expanded", {TensorType(DType::f32, {"n", 8})});
  g.output(ops::softplus(ops::elu(g.input(0))));
  EXPECT_TRUE(why_not(g, g.nodes()[0]).has_value());
  EXPECT_NO_THROW(write_mo(expanded_for_mo(g)));
}

/// Writing, reading and writing gives the text again.
void expect_same_again(const Graph& graph) {
  std::string text = write_mo(expanded_for_mo(graph)).text;
  try {
    EXPECT_EQ(write_mo(read_mo(text)).text, text);
  } catch (const Error& error) {
    ADD_FAILURE() << error.what() << "\n" << text;
  }
}

TEST(MaxReader, Movement) {
  Graph g("movement", {TensorType(DType::f32, {"n", "m", 6})});
  Value x = g.input(0);
  Dim n = x.dim(0);
  Dim m = x.dim(1);
  g.output(ops::reshape(x, {n * m, 6}));
  g.output(ops::reshape(x, {n, m, 2, 3}));
  g.output(ops::transpose(x, {1, 0, 2}));
  g.output(ops::concat({x, ops::slice(x, 1, 1, m), ops::slice(x, 1, 0, 2)}, 1));
  g.output(ops::slice(x, 0, 0, n, 2));
  g.output(ops::tile(x, {1, 2, 1}));
  g.output(ops::pad(x, {0, 1, 0}, {0, 0, 2}));
  g.output(ops::expand(ops::reduce_sum(x, {1}, true), {n, m, 6}));
  g.output(ops::iota(g, DType::i64, n + m));
  expect_same_again(g);
}

TEST(MaxReader, AnEncoderLayer) {
  Graph g("encoder", {TensorType(DType::i64, {"batch", "sequence"}), TensorType(DType::i64, {"batch", "sequence"})});
  auto weight = [&](const char* name, Shape shape) { return ops::weight(g, name, TensorType(DType::f32, shape)); };
  Dim batch = g.input(0).dim(0);
  Dim sequence = g.input(0).dim(1);
  Value x = ops::embedding(weight("words", {100, 32}), g.input(0));
  Value attend = ops::reshape(ops::cast(g.input(1), DType::boolean), {batch, 1, 1, sequence});
  auto heads = [&](const char* name) {
    return ops::reshape(ops::linear(x, weight(name, {32, 32}), weight("bias", {32})), {batch, sequence, 4, 8});
  };
  Value context = ops::scaled_dot_product_attention(heads("q"), heads("k"), heads("v"), attend, {.layout = "BTHD"});
  Value y = ops::add(x, ops::reshape(context, {batch, sequence, 32}));
  y = ops::layer_norm(y, weight("gamma", {32}), weight("beta", {32}), 1e-12);
  g.output(ops::gelu(ops::linear(y, weight("up", {64, 32}))));
  expect_same_again(read_mo(write_mo(g).text));  // the softmax of an attention comes back as an op of its own
}

TEST(MaxReader, Convolutions) {
  Graph g("image", {TensorType(DType::f32, {"n", 3, "h", "w"})});
  ops::ConvOptions options;
  options.strides = {2, 2};
  options.padding_begin = {1, 1};
  Value w = ops::weight(g, "w", TensorType(DType::f32, {8, 3, 3, 3}));
  g.output(ops::relu(ops::conv(g.input(0), w, ops::weight(g, "b", TensorType(DType::f32, {8})), options)));
  expect_same_again(g);
}

TEST(MaxReader, WhatItReadsComputesTheSame) {
  Graph g("same", {TensorType(DType::f32, {"n", 8})});
  g.output(ops::softmax(ops::clamp(ops::mul(g.input(0), g.input(0)), 0.5, 2)));
  Graph again = read_mo(write_mo(g).text);
  Tensor x(DType::f32, {3, 8});
  for (int64_t i = 0; i < x.num_elements(); ++i) x.set(i, 0.1 * static_cast<double>(i) - 1);
  Tensor a = ops::evaluate(g, std::vector<Tensor>{x}).front();
  Tensor b = ops::evaluate(again, std::vector<Tensor>{x}).front();
  for (int64_t i = 0; i < a.num_elements(); ++i) EXPECT_EQ(a.get(i), b.get(i));
}

TEST(MaxReader, BadTextIsAnErrorWithItsLine) {
  std::string text = write_mo(model("n", "x", "w")).text;
  for (size_t cut = 0; cut < text.find("mo.output"); cut += 7) EXPECT_THROW(read_mo(text.substr(0, cut)), Error) << cut;
  size_t at = text.find("rmo.matmul");
  std::string unknown = text;
  unknown.replace(at, 10, "rmo.unheard");
  try {
    read_mo(unknown);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported_op);
    EXPECT_NE(std::string(error.what()).find("rmo.unheard"), std::string::npos);
  }
}

}  // namespace
}  // namespace accelerate::max_engine
