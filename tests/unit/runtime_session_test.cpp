#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "ops/evaluate.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/runtime_support.h"

namespace accelerate {
namespace {

using test::max_difference;
using test::SmallEncoder;

template <typename Body>
Error error_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error(ErrorCode::internal, "none");
}

TEST(Session, ShapesChangeFromCallToCallWithOnePlan) {
  SmallEncoder encoder;
  InferenceSession session({.device = "cpu"});
  Model model = session.load(encoder.graph, encoder.weights);
  for (auto [batch, sequence] : {std::pair{1, 1}, {2, 7}, {1, 33}, {5, 3}, {2, 7}}) {
    auto inputs = encoder.inputs(batch, sequence);
    auto expected = ops::evaluate(encoder.graph, inputs, encoder.weights.get());
    EXPECT_LE(max_difference(model.execute(inputs)[0], expected[0]), 2e-5) << batch << " x " << sequence;
  }
}

TEST(Session, MoreShapesThanThePlanCacheHolds) {
  SmallEncoder encoder;
  InferenceSession session({.device = "cpu"});
  Model model = session.load(encoder.graph, encoder.weights);
  for (int round = 0; round < 2; ++round) {
    for (int sequence = 1; sequence <= 20; ++sequence) {
      auto inputs = encoder.inputs(1, sequence);
      EXPECT_EQ(model.execute(inputs)[0].shape(), (std::vector<int64_t>{1, sequence, 48}));
    }
  }
}

TEST(Session, ThreadsShareAModel) {
  SmallEncoder encoder;
  InferenceSession session({.device = "cpu", .threads = {.num_threads = 2}});
  Model model = session.load(encoder.graph, encoder.weights);
  std::vector<std::thread> threads;
  std::vector<double> worst(4, 1.0);
  for (size_t t = 0; t < worst.size(); ++t) {
    threads.emplace_back([&, t] {
      auto inputs = encoder.inputs(2, 5 + static_cast<int64_t>(t), static_cast<unsigned>(t));
      auto expected = ops::evaluate(encoder.graph, inputs, encoder.weights.get());
      double out = 0;
      for (int i = 0; i < 20; ++i) out = std::max(out, max_difference(model.execute(inputs)[0], expected[0]));
      worst[t] = out;
    });
  }
  for (auto& thread : threads) thread.join();
  for (double w : worst) EXPECT_LE(w, 2e-5);
}

TEST(Session, EachPassMayBeSwitchedOff) {
  SmallEncoder encoder;
  auto inputs = encoder.inputs(2, 6);
  auto expected = ops::evaluate(encoder.graph, inputs, encoder.weights.get());
  InferenceSession all({.device = "cpu"});
  Model fused = all.load(encoder.graph, encoder.weights);
  for (const PassReport& pass : fused.report().passes) {
    InferenceSession session({.device = "cpu", .disabled_passes = {pass.name}});
    Model model = session.load(encoder.graph, encoder.weights);
    EXPECT_LE(max_difference(model.execute(inputs)[0], expected[0]), 2e-5) << "without " << pass.name;
    for (const PassReport& ran : model.report().passes)
      EXPECT_FALSE(ran.name == pass.name && ran.changes > 0) << pass.name;
  }
}

TEST(Session, QkvAndFeedForwardAreFused) {
  SmallEncoder encoder;
  InferenceSession session({.device = "cpu"});
  Model model = session.load(encoder.graph, encoder.weights);
  std::map<std::string, int> ops;
  for (const Node& node : model.plan().nodes()) ++ops[node.op->name];
  EXPECT_EQ(ops["fused_linear_group"], 1);
  EXPECT_EQ(ops["fused_linear"], 3);
  EXPECT_EQ(ops["linear"] + ops["gelu"] + ops["add"] + ops["transpose"], 0);
}

TEST(Session, ReducedPrecisionIsReportedAndClose) {
  SmallEncoder encoder(DType::bf16);
  auto inputs = encoder.inputs(2, 6);
  auto expected = ops::evaluate(encoder.graph, inputs, encoder.weights.get());
  InferenceSession exact({.device = "cpu", .dtype = "f32"});
  Model f32 = exact.load(encoder.graph, encoder.weights);
  EXPECT_EQ(f32.report().dtype, "f32");
  EXPECT_LE(max_difference(f32.execute(inputs)[0], expected[0]), 2e-5);
  InferenceSession narrow({.device = "cpu", .dtype = "bf16"});
  Model bf16 = narrow.load(encoder.graph, encoder.weights);
  EXPECT_EQ(bf16.report().dtype, "bf16");
  double difference = max_difference(bf16.execute(inputs)[0], expected[0]);
  EXPECT_LE(difference, 0.1);
  EXPECT_LT(bf16.report().packed_bytes, 200'000U);
  EXPECT_EQ(error_of([] { InferenceSession({.dtype = "int3"}); }).code(), ErrorCode::invalid_argument);
}

TEST(Session, AnUnavailableDeviceFallsBackAndSaysSo) {
  SmallEncoder encoder;
  InferenceSession session({.device = "mojo_max"});
  EXPECT_EQ(session.requested_device(), "mojo_max");
  if (session.backend() == "cpu") {
    EXPECT_NE(session.fallback_reason(), "");
    EXPECT_EQ(session.device(), "cpu");
    auto inputs = encoder.inputs(1, 4);
    EXPECT_LE(max_difference(session.load(encoder.graph, encoder.weights).execute(inputs)[0],
                             ops::evaluate(encoder.graph, inputs, encoder.weights.get())[0]),
              2e-5);
    EXPECT_EQ(error_of([] { InferenceSession({.device = "mojo_max", .strict = true}); }).code(),
              ErrorCode::backend_unavailable);
  }
  EXPECT_EQ(error_of([] { InferenceSession({.device = "abacus"}); }).code(), ErrorCode::invalid_argument);
}

TEST(Session, TheEnvironmentChoosesTheDevice) {
  auto with = [](std::map<std::string, std::string> environment, const std::string& device) {
    return resolve_device(device,
                          [&environment](const char* name) -> const char* {
                            auto it = environment.find(name);
                            return it == environment.end() ? nullptr : it->second.c_str();
                          })
        .requested;
  };
  EXPECT_EQ(with({}, "auto"), "auto");
  for (const char* yes : {"1", "true", "TRUE", "Yes"})
    EXPECT_EQ(with({{"USE_MOJO_MAX_TARGET", yes}}, "auto"), "mojo_max") << yes;
  for (const char* no : {"0", "false", "", "on"}) EXPECT_EQ(with({{"USE_MOJO_MAX_TARGET", no}}, "auto"), "auto") << no;
  EXPECT_EQ(with({{"ACCELERATE_DEVICE", "reference"}, {"USE_MOJO_MAX_TARGET", "1"}}, "auto"), "reference");
  EXPECT_EQ(with({{"ACCELERATE_DEVICE", "reference"}}, "cpu"), "cpu");
  EXPECT_EQ(error_of([&] { with({{"ACCELERATE_DEVICE", "toaster"}}, "auto"); }).code(), ErrorCode::invalid_argument);
}

TEST(Session, WrongInputsAreNamed) {
  SmallEncoder encoder;
  InferenceSession session({.device = "cpu"});
  Model model = session.load(encoder.graph, encoder.weights);
  auto good = encoder.inputs(2, 6);
  EXPECT_EQ(error_of([&] { model.execute({good[0]}); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { model.execute({good[0], good[1].cast(DType::i32)}); }).code(), ErrorCode::invalid_dtype);
  Error shape = error_of([&] { model.execute({good[0], encoder.inputs(2, 5)[1]}); });
  EXPECT_EQ(shape.code(), ErrorCode::invalid_shape);
  EXPECT_NE(std::string(shape.what()).find("mask"), std::string::npos);
  EXPECT_EQ(error_of([&] { model.execute(std::map<std::string, Tensor>{{"x", good[0]}, {"maks", good[1]}}); }).code(),
            ErrorCode::invalid_argument);
}

TEST(Session, MissingAndMisshapenWeightsAreListedTogether) {
  SmallEncoder encoder;
  auto partial = std::make_shared<MemoryWeights>();
  for (const std::string& name : encoder.weights->names()) {
    if (name == "q.weight") continue;
    partial->add(name, name == "k.bias" ? test::random_tensor({47}, 1) : encoder.weights->read(name));
  }
  InferenceSession session({.device = "cpu"});
  Error error = error_of([&] { session.load(encoder.graph, partial); });
  EXPECT_EQ(error.code(), ErrorCode::invalid_weights);
  EXPECT_NE(std::string(error.what()).find("q.weight"), std::string::npos);
  EXPECT_NE(std::string(error.what()).find("k.bias"), std::string::npos);
}

TEST(Session, DeadlineAndCancelEndACall) {
  SmallEncoder encoder;
  InferenceSession session({.device = "cpu"});
  Model model = session.load(encoder.graph, encoder.weights);
  auto inputs = encoder.inputs(2, 6);
  ExecuteOptions late;
  late.limits.deadline = std::chrono::steady_clock::now() - std::chrono::milliseconds(1);
  EXPECT_EQ(error_of([&] { model.execute(std::span<const Tensor>(inputs), late); }).code(),
            ErrorCode::deadline_exceeded);
  ExecuteOptions stopped;
  stopped.limits.cancel = CancelToken();
  stopped.limits.cancel->cancel();
  EXPECT_EQ(error_of([&] { model.execute(std::span<const Tensor>(inputs), stopped); }).code(), ErrorCode::cancelled);
  EXPECT_NO_THROW(model.execute(inputs));
}

TEST(Session, OutputsThatAreInputsConstantsOrTheSameValue) {
  Graph graph("odd", {TensorType(DType::f32, {"n", 2})});
  Value x = graph.input(0);
  Value y = ops::relu(x);
  graph.output(x, "input");
  graph.output(y, "y");
  graph.output(y, "again");
  graph.output(ops::reshape(y, {-1}), "view");
  graph.output(ops::constant(graph, Tensor::scalar(DType::f32, 3)), "three");
  for (const char* device : {"cpu", "reference"}) {
    InferenceSession session({.device = device});
    auto out = session.load(graph).execute({Tensor::from(DType::f32, {2, 2}, std::vector<double>{-1, 2, 3, -4})});
    EXPECT_EQ(out[0].get(0), -1);
    EXPECT_EQ(out[1].get(1), 2);
    EXPECT_EQ(out[2].get(2), 3);
    EXPECT_EQ(out[3].shape(), (std::vector<int64_t>{4}));
    EXPECT_EQ(out[3].get(2), 3);
    EXPECT_EQ(out[4].get(0), 3);
  }
}

TEST(Session, TheExampleOfTheDesign) {
  Graph graph("relu_matmul", {TensorType(DType::f32, {"n", 2}), TensorType(DType::f32, {2, 2})});
  graph.output(ops::relu(ops::matmul(graph.input(0), graph.input(1))));
  InferenceSession session({.device = "auto"});
  auto out = session.load(graph).execute({Tensor::from(DType::f32, {2, 2}, std::vector<double>{1, 2, 3, 4}),
                                          Tensor::from(DType::f32, {2, 2}, std::vector<double>{5, 6, 7, 8})});
  EXPECT_EQ(out[0].values<float>()[0], 19);
  EXPECT_EQ(out[0].values<float>()[1], 22);
  EXPECT_EQ(out[0].values<float>()[2], 43);
  EXPECT_EQ(out[0].values<float>()[3], 50);
}

TEST(Session, ExtentsThatWereAssumedToFitAreCheckedInEachCall) {
  // A symbol beside a fixed extent is taken for it: a call with another one must not read beyond.
  Graph g("g", {TensorType(DType::f32, {"n"}), TensorType(DType::f32, {1, 2, "t", 8})});
  Value row = ops::constant(g, Tensor::zeros(DType::f32, {16}));
  g.output(ops::exp(ops::mul(g.input(0), row)));
  Value mask = ops::constant(g, Tensor::zeros(DType::f32, {1, 1, 4, 4}));
  g.output(ops::scaled_dot_product_attention(g.input(1), g.input(1), g.input(1), mask));
  for (const char* device : {"cpu", "reference"}) {
    Model model = InferenceSession({.device = device}).load(g);
    Tensor q = Tensor::zeros(DType::f32, {1, 2, 4, 8});
    EXPECT_NO_THROW(model.execute({Tensor::zeros(DType::f32, {16}), q})) << device;
    for (int64_t n : {5, 4000})
      EXPECT_EQ(error_of([&] { model.execute({Tensor::zeros(DType::f32, {n}), q}); }).code(), ErrorCode::invalid_shape)
          << device;
    for (int64_t t : {3, 64})
      EXPECT_EQ(error_of([&] {
                  model.execute({Tensor::zeros(DType::f32, {16}), Tensor::zeros(DType::f32, {1, 2, t, 8})});
                }).code(),
                ErrorCode::invalid_shape)
          << device;
  }
}

TEST(Session, GraphsWithExtentsFromDataRunOnPackedWeights) {
  Graph g("g", {TensorType(DType::f32, {"n", 8}), TensorType(DType::boolean, {"n"})});
  Value weight = ops::weight(g, "w", TensorType(DType::f32, {4, 8}));
  Value where = ops::nonzero(g.input(1), Dim::unbacked("count"));
  Value rows = ops::gather_nd(g.input(0), where);
  g.output(ops::linear(rows, weight));
  auto weights = std::make_shared<MemoryWeights>();
  Tensor w(DType::f32, {4, 8});
  for (int64_t i = 0; i < 32; ++i) w.set(i, 0.25 * static_cast<double>(i % 7) - 0.5);
  weights->add("w", w);
  Tensor x(DType::f32, {5, 8});
  for (int64_t i = 0; i < 40; ++i) x.set(i, static_cast<double>(i % 5) - 2);
  Model model = InferenceSession({.device = "cpu"}).load(g, weights);
  for (auto mask : {std::vector<int64_t>{1, 0, 1, 1, 0}, {0, 0, 0, 0, 0}, {1, 1, 1, 1, 1}}) {
    std::vector<Tensor> inputs = {x, Tensor::from<int64_t>(DType::boolean, {5}, mask)};
    auto expected = ops::evaluate(g, inputs, weights.get());
    auto found = model.execute(inputs);
    ASSERT_EQ(found[0].shape(), expected[0].shape());
    EXPECT_LE(max_difference(found[0], expected[0]), 1e-5);
  }
}

TEST(Session, AConstantIsReadThroughAViewOfSymbolicExtent) {
  Graph g("g", {TensorType(DType::f32, {"n"})});
  Value table = ops::constant(g, Tensor::from<float>(DType::f32, {3}, {5, 6, 7}));
  Value view = ops::reshape(table, {min(Dim(3), Dim("n"))});
  g.output(ops::concat({view, g.input(0)}, 0));
  g.output(view);
  Model model = InferenceSession({.device = "cpu"}).load(g, std::make_shared<MemoryWeights>());
  const std::vector<Tensor> inputs = {Tensor::from<float>(DType::f32, {4}, {1, 2, 3, 4})};
  auto expected = ops::evaluate(g, inputs, nullptr);
  auto found = model.execute(inputs);
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(found[i].shape(), expected[i].shape());
    EXPECT_EQ(max_difference(found[i], expected[i]), 0);
  }
}

}  // namespace
}  // namespace accelerate
