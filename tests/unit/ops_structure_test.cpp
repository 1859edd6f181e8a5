// Rules of the structural ops: symbolic result extents, helpers, and what bad input is told.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "accelerate/ops.h"
#include "ops/evaluate.h"

namespace accelerate::ops {
namespace {

Graph graph_of(const std::vector<TensorType>& types) {
  return Graph("test", types);
}

std::string shape_after(const TensorType& x, const std::function<Value(Value)>& build) {
  Graph graph = graph_of({x});
  return to_string(build(graph.input(0)).shape());
}

// The code and a part of the message that building gives.
void expect_error(ErrorCode code, const std::string& part, const std::vector<TensorType>& types,
                  const std::function<void(Graph&)>& build) {
  Graph graph = graph_of(types);
  try {
    build(graph);
    ADD_FAILURE() << "no error; expected: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(name_of(error.code()), name_of(code)) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

const TensorType kImage{DType::f32, {"n", 3, "h", "w"}};
const TensorType kRows{DType::f32, {"n", 6}};

TEST(Structure, SymbolicExtents) {
  EXPECT_EQ(shape_after({DType::f32, {"n", 3, 224, 224}},
                        [](Value x) {
                          PoolOptions pool;
                          pool.kernel = {3, 3};
                          pool.strides = {2, 2};
                          pool.padding_begin = {1, 1};
                          return max_pool(x, pool);
                        }),
            "[n, 3, 112, 112]");
  EXPECT_EQ(shape_after(kImage,
                        [](Value x) {
                          PoolOptions pool;
                          pool.kernel = {2, 2};
                          return max_pool(x, pool);
                        }),
            to_string(Shape{"n", 3, floordiv(Dim("h"), 2), floordiv(Dim("w"), 2)}));
  EXPECT_EQ(shape_after(kRows, [](Value x) { return reshape(x, {-1, 3}); }), "[2*n, 3]");
  EXPECT_EQ(shape_after(kRows, [](Value x) { return concat({x, x}, 0); }), "[2*n, 6]");
  EXPECT_EQ(shape_after(kRows, [](Value x) { return slice(x, 0, 1, x.dim(0)); }), "[n - 1, 6]");
  EXPECT_EQ(shape_after(kRows, [](Value x) { return pad(x, {1, 0}, {0, 2}); }), "[n + 1, 8]");
  EXPECT_EQ(shape_after(kImage, [](Value x) { return flatten(x, 2); }), to_string(Shape{"n", 3, Dim("h") * Dim("w")}));
}

TEST(Structure, HelpersMoveAxes) {
  Graph graph = graph_of({{DType::f32, {2, 3}}});
  Value x = graph.input(0);
  EXPECT_EQ(to_string(unsqueeze(x, -1).shape()), "[2, 3, 1]");
  EXPECT_EQ(to_string(move_axis(unsqueeze(x, 0), -1, 0).shape()), "[3, 1, 2]");
  EXPECT_EQ(to_string(unflatten(x, 1, {3, -1}).shape()), "[2, 3, 1]");
  graph.output(stack({x, x}, 1));
  graph.output(repeat_interleave(x, 2, 1));
  graph.output(select(x, 1, -1));
  graph.output(masked_fill(x, greater(x, reduce_mean(x, {0, 1}, true)), -1));
  Tensor values = Tensor::from<double>(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6});
  auto results = evaluate(graph, std::vector<Tensor>{values});
  auto numbers = [](const Tensor& t) { return std::vector<float>(t.values<float>().begin(), t.values<float>().end()); };
  EXPECT_EQ(numbers(results[0]), (std::vector<float>{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_EQ(numbers(results[1]), (std::vector<float>{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6}));
  EXPECT_EQ(numbers(results[2]), (std::vector<float>{3, 6}));
  EXPECT_EQ(numbers(results[3]), (std::vector<float>{1, 2, 3, -1, -1, -1}));
}

TEST(Structure, ShapeErrors) {
  auto code = ErrorCode::invalid_shape;
  expect_error(code, "columns of a and rows of b", {kRows, {DType::f32, {5, 2}}},
               [](Graph& g) { matmul(g.input(0), g.input(1)); });
  expect_error(code, "has 6 features", {kRows, {DType::f32, {5, 7}}}, [](Graph& g) { linear(g.input(0), g.input(1)); });
  expect_error(code, "given twice", {kRows}, [](Graph& g) { transpose(g.input(0), {0, 0}); });
  expect_error(code, "axis 2 is out of range", {kRows}, [](Graph& g) { slice(g.input(0), 2, 0, 1); });
  expect_error(code, "sum of the sizes", {kRows}, [](Graph& g) { split(g.input(0), {2, 3}, 1); });
  expect_error(code, "4 equal parts", {kRows}, [](Graph& g) { chunk(g.input(0), 4, 1); });
  expect_error(code, "cannot be broadcast", {kRows}, [](Graph& g) { expand(g.input(0), {"n", 7}); });
  expect_error(code, "axis 1", {kRows, {DType::f32, {"n", 5}}}, [](Graph& g) { concat({g.input(0), g.input(1)}, 0); });
  expect_error(code, "reflection of 6", {kRows}, [](Graph& g) { pad(g.input(0), {0, 6}, {0, 0}, "reflect"); });
  expect_error(code, "3 channels", {kImage, {DType::f32, {4, 2, 3, 3}}},
               [](Graph& g) { conv(g.input(0), g.input(1)); });
  expect_error(code, "does not fit", {{DType::f32, {1, 3, 2, 2}}, {DType::f32, {4, 3, 3, 3}}},
               [](Graph& g) { conv(g.input(0), g.input(1)); });
  expect_error(code, "expected [6]", {kRows, {DType::f32, {5}}},
               [](Graph& g) { layer_norm(g.input(0), g.input(1), {}, 1e-5); });
  expect_error(code, "expected a divisor", {kImage}, [](Graph& g) { group_norm(g.input(0), {}, {}, 2, 1e-5); });
  TensorType heads{DType::f32, {"b", 3, "t", 8}};
  TensorType keys{DType::f32, {"b", 2, "s", 8}};
  expect_error(code, "q has 3 heads", {heads, keys},
               [](Graph& g) { scaled_dot_product_attention(g.input(0), g.input(1), g.input(1)); });
  expect_error(code, "expected one that broadcasts", {heads, heads, {DType::boolean, {"s", "t"}}},
               [](Graph& g) { scaled_dot_product_attention(g.input(0), g.input(1), g.input(1), g.input(2)); });
  expect_error(code, "even number", {heads, {DType::f32, {"t", 3}}},
               [](Graph& g) { rotary_embedding(g.input(0), g.input(1), g.input(1), false, "BHTD", 3); });
}

TEST(Structure, ArgumentErrors) {
  auto code = ErrorCode::invalid_argument;
  expect_error(code, "\"mirror\"", {kRows}, [](Graph& g) { pad(g.input(0), {0, 1}, {0, 0}, "mirror"); });
  expect_error(code, "step is 0", {kRows}, [](Graph& g) { slice(g.input(0), 0, 0, 1, 0); });
  expect_error(code, "\"swish\"", {kRows, {DType::f32, {5, 6}}},
               [](Graph& g) { fused_linear(g.input(0), g.input(1), {}, {}, "swish"); });
  auto options = [](auto change) {
    ConvOptions out;
    change(out);
    return out;
  };
  std::vector<TensorType> image = {kImage, {DType::f32, {4, 3, 3, 3}}};
  expect_error(code, "a stride is 0", image,
               [&](Graph& g) { conv(g.input(0), g.input(1), {}, options([](auto& o) { o.strides = {0, 1}; })); });
  expect_error(code, "a padding is -1", image, [&](Graph& g) {
    conv(g.input(0), g.input(1), {}, options([](auto& o) { o.padding_begin = {-1, 0}; }));
  });
  expect_error(code, "has 3 numbers", image,
               [&](Graph& g) { conv(g.input(0), g.input(1), {}, options([](auto& o) { o.dilations = {1, 1, 1}; })); });
  expect_error(code, "groups is 0", image,
               [&](Graph& g) { conv(g.input(0), g.input(1), {}, options([](auto& o) { o.groups = 0; })); });
  expect_error(code, "layout", image,
               [&](Graph& g) { conv(g.input(0), g.input(1), {}, options([](auto& o) { o.layout = "CHWN"; })); });
  expect_error(code, "a stride is 9223372036854775807", image, [&](Graph& g) {
    conv(g.input(0), g.input(1), {}, options([](auto& o) { o.strides = {INT64_MAX, 1}; }));
  });
}

TEST(Structure, DtypeErrors) {
  auto code = ErrorCode::invalid_dtype;
  expect_error(code, "expected one dtype", {kRows, {DType::f16, {6, 2}}},
               [](Graph& g) { matmul(g.input(0), g.input(1)); });
  expect_error(code, "i64 or i32", {kRows, kRows}, [](Graph& g) { gather(g.input(0), g.input(1), 0); });
  expect_error(code, "float type", {{DType::i64, {2, 3}}}, [](Graph& g) { layer_norm(g.input(0), {}, {}, 1e-5); });
  expect_error(code, "to interpolate", {{DType::i64, {1, 1, 4}}}, [](Graph& g) {
    ResizeOptions options;
    options.mode = "linear";
    resize(g.input(0), {8}, options);
  });
}

TEST(Structure, ControlFlowErrors) {
  auto region = std::make_shared<Graph>("region", std::vector<TensorType>{kRows});
  region->output(relu(region->input(0)));
  auto other = std::make_shared<Graph>("other", std::vector<TensorType>{kRows});
  other->output(cast(other->input(0), DType::f16));
  expect_error(ErrorCode::invalid_dtype, "condition is f32", {kRows},
               [&](Graph& g) { if_(g.input(0), region, region, {g.input(0)}); });
  expect_error(ErrorCode::invalid_dtype, "of the second region", {kRows, {DType::boolean, {}}},
               [&](Graph& g) { if_(g.input(1), region, other, {g.input(0)}); });
  expect_error(ErrorCode::invalid_graph, "takes 1 inputs; expected 2", {kRows},
               [&](Graph& g) { fused_elementwise({g.input(0), g.input(0)}, region); });
  auto sum = std::make_shared<Graph>("sum", std::vector<TensorType>{kRows});
  sum->output(reduce_sum(sum->input(0), {1}));
  expect_error(ErrorCode::invalid_graph, "elementwise ops only", {kRows},
               [&](Graph& g) { fused_elementwise({g.input(0)}, sum); });
}

// Extents that only the data tells: the references check them, and never read beyond a tensor.
TEST(Structure, IndicesOutOfRange) {
  Graph graph = graph_of({{DType::f32, {"v", 2}}, {DType::i64, {"t"}}});
  graph.output(embedding(graph.input(0), graph.input(1)));
  Tensor table = Tensor::zeros(DType::f32, {3, 2});
  for (int64_t bad : {int64_t{3}, int64_t{-1}, INT64_MAX, INT64_MIN}) {
    EXPECT_THROW(evaluate(graph, std::vector<Tensor>{table, Tensor::from<int64_t>(DType::i64, {1}, {bad})}), Error);
  }
  Graph products = graph_of({{DType::f32, {1, "k"}}, {DType::f32, {4, 2}}});
  products.output(matmul(products.input(0), products.input(1)));
  EXPECT_THROW(
      evaluate(products, std::vector<Tensor>{Tensor::zeros(DType::f32, {1, 9}), Tensor::zeros(DType::f32, {4, 2})}),
      Error);
}

TEST(Structure, StateOpsThreadTokens) {
  Graph graph = graph_of({{DType::f32, {"b", 4}}});
  auto read = state_read(state_token(graph), "recurrent", "layer0", {DType::f32, {"b", 4}});
  Value sum = add(read[0], graph.input(0));
  graph.output(sum);
  graph.output(state_write(read[1], sum, "recurrent", "layer0"));
  verify(graph);
  expect_error(ErrorCode::invalid_argument, "\"queue\"", {kRows},
               [](Graph& g) { state_read(state_token(g), "queue", "a", kRows); });
  expect_error(ErrorCode::invalid_dtype, "expected a token", {kRows},
               [](Graph& g) { state_write(g.input(0), g.input(0), "window", "a"); });
}

}  // namespace
}  // namespace accelerate::ops
