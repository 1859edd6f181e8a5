#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/evaluate.h"
#include "ops/registry.h"
#include "runtime/states.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/runtime_support.h"

namespace accelerate {
namespace {

using test::max_difference;
using test::random_tensor;
using test::throws_error;

constexpr int64_t kHeads = 4;
constexpr int64_t kGroups = 2;
constexpr int64_t kSize = 8;
constexpr int64_t kWidth = kHeads * kSize;

/// Two layers of grouped attention over x [batch, tokens, 32], the second of them with the window.
struct SmallDecoder {
  Graph graph{"decoder"};
  std::shared_ptr<MemoryWeights> weights = std::make_shared<MemoryWeights>();
  Value positions;

  explicit SmallDecoder(bool shares_keys = false, bool has_mask = false, int64_t window = 3) {
    Value x = graph.add_input("x", {DType::f32, {"batch", "tokens", kWidth}});
    positions = graph.add_input("positions", {DType::i64, {"batch", "tokens"}});
    Value k = heads(x, "k0", kGroups);
    Value v = heads(x, "v0", kGroups);
    x = ops::add(x, attend(x, k, v, {.state = "layer.0"}));
    if (!shares_keys) {
      k = heads(x, "k1", kGroups);
      v = heads(x, "v1", kGroups);
    }
    ops::CachedAttentionOptions options{.softcap = 5, .window = window, .state = "layer.1"};
    std::map<std::string, Value> extras = {{"sinks", weight("sinks", {kHeads})},
                                           {"slopes", weight("slopes", {kHeads})}};
    if (has_mask) extras.emplace("mask", ops::cast(ops::reshape(positions, {"batch", 1, 1, "tokens"}), DType::boolean));
    x = ops::add(x, attend(x, k, v, options, extras));
    graph.output(x, "y");
    graph.output(ops::reduce_sum(x, {0, 1, 2}, false), "sum");
  }

  Value weight(const std::string& name, std::vector<int64_t> shape) {
    weights->add(name, random_tensor(shape, static_cast<unsigned>(weights->names().size()) + 1, 0.3F));
    return ops::weight(graph, name, TensorType(DType::f32, Shape(shape.begin(), shape.end())));
  }
  Value heads(Value x, const std::string& name, int64_t count) {
    Value y = ops::linear(x, weight(name, {count * kSize, kWidth}));
    return ops::swap_axes(ops::reshape(y, {"batch", "tokens", count, kSize}), 1, 2);
  }
  Value attend(Value x, Value k, Value v, ops::CachedAttentionOptions options,
               std::map<std::string, Value> extras = {}) {
    Value q = heads(x, "q." + options.state, kHeads);
    Value y = ops::cached_attention(q, k, v, positions, positions, std::move(extras), std::move(options));
    return ops::reshape(ops::swap_axes(y, 1, 2), {"batch", "tokens", kWidth});
  }

  /// The first `padding` positions of the second row are none.
  std::map<std::string, Tensor> inputs(int64_t batch, int64_t tokens, int64_t padding = 0, unsigned seed = 77) const {
    Tensor places(DType::i64, {batch, tokens});
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t t = 0; t < tokens; ++t)
        places.set_int(b * tokens + t, b == 1 ? std::max<int64_t>(t - padding, -1) : t);
    return {{"x", random_tensor({batch, tokens, kWidth}, seed)}, {"positions", places}};
  }
};

Tensor reference_of(const SmallDecoder& decoder, const std::map<std::string, Tensor>& inputs) {
  const std::vector<Tensor> ordered = {inputs.at("x"), inputs.at("positions")};
  return ops::evaluate(decoder.graph, ordered, decoder.weights.get())[0];
}

TEST(States, StepsGiveWhatTheWholeSequenceGives) {
  for (const bool shares : {false, true}) {
    SmallDecoder decoder(shares);
    InferenceSession session({.device = "cpu"});
    const StatefulModel model(session, decoder.graph, decoder.weights);
    EXPECT_EQ(model.states().size(), shares ? 3 : 5);
    for (const auto& [batch, tokens, prefill, padding] :
         {std::array{1, 9, 1, 0}, {2, 7, 4, 0}, {3, 12, 11, 0}, {2, 10, 5, 3}, {2, 6, 6, 0}}) {
      const auto inputs = decoder.inputs(batch, tokens, padding);
      const auto found = execute_in_steps(model, inputs, prefill);
      EXPECT_LE(max_difference(found.at("y"), reference_of(decoder, inputs)), 2e-5)
          << batch << " x " << tokens << ", first " << prefill << ", shares " << shares;
      EXPECT_EQ(found.at("y").shape(), (std::vector<int64_t>{batch, tokens, kWidth}));
      EXPECT_EQ(found.at("sum").rank(), 0);
    }
  }
}

TEST(States, TheWholeSequenceNeedsNoStates) {
  SmallDecoder decoder;
  InferenceSession session({.device = "cpu"});
  const Model model = session.load(decoder.graph, decoder.weights);
  const auto inputs = decoder.inputs(2, 11, 2);
  EXPECT_LE(max_difference(model.execute(inputs).at("y"), reference_of(decoder, inputs)), 2e-5);
}

TEST(States, BelongToTheirOwner) {
  SmallDecoder decoder;
  InferenceSession session({.device = "cpu"});
  const StatefulModel model(session, decoder.graph, decoder.weights);
  const auto first = decoder.inputs(2, 5);
  const auto other = decoder.inputs(3, 4, 0, 5);
  SequenceStates a;
  SequenceStates b;
  const Tensor alone = model.execute(first, a).at("y").clone();
  model.execute(other, b);
  EXPECT_EQ(a.length(), 5);
  EXPECT_EQ(b.length(), 4);
  // 2 layers of keys and values, and one table of positions.
  EXPECT_EQ(a.size_bytes(), static_cast<size_t>(2 * 5 * (4 * kGroups * kSize * 4 + 8)));
  EXPECT_THROW(model.execute(other, a), Error) << "another batch";
  EXPECT_EQ(a.length(), 5) << "an error leaves the states as they were";
  a.clear();
  EXPECT_EQ(max_difference(model.execute(first, a).at("y"), alone), 0);
}

TEST(States, AreStateOpsInTheGraph) {
  SmallDecoder decoder;
  const Graph graph = with_states(decoder.graph);
  verify(graph);
  std::map<std::string, int> ops;
  for (const Node& node : graph.nodes()) ++ops[node.op->name];
  EXPECT_EQ(ops["state_token"], 1);
  EXPECT_EQ(ops["state_read"], 5);
  EXPECT_EQ(ops["state_write"], 5);
  EXPECT_EQ(print(parse_graph(print(graph), ops::registry())), print(graph));
  const LoweredStates lowered = lower_states(graph);
  verify(lowered.graph);
  EXPECT_EQ(lowered.states.size(), 5U);
  EXPECT_EQ(lowered.states[0].name, "layer.0.key");
  EXPECT_EQ(lowered.states[0].type.to_string(), "f32[batch, 2, past, 8]");
  EXPECT_EQ(lowered.graph.input_name(2), "state.layer.0.key");
  // A graph that uses the name has another symbol for the past.
  Graph taken("taken", {TensorType(DType::f32, {"past"})});
  EXPECT_EQ(past_symbol(taken).to_string(), "past1");
}

TEST(States, RefusesWhatIsNoDecoder) {
  InferenceSession session({.device = "cpu"});
  SmallDecoder masked(false, true);
  EXPECT_TRUE(throws_error(ErrorCode::unsupported_op, {"layer.1"},
                           [&] { StatefulModel(session, masked.graph, masked.weights); }));
  Graph plain("plain", {TensorType(DType::f32, {"n"})});
  plain.output(ops::relu(plain.input(0)));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_graph, {"no op with a state"}, [&] { StatefulModel(session, plain, nullptr); }));
  SmallDecoder decoder;
  const StatefulModel model(session, decoder.graph, decoder.weights);
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_argument, {"1 to 4"}, [&] { execute_in_steps(model, decoder.inputs(1, 4), 5); }));
  SequenceStates states;
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"positions"},
                           [&] { model.execute({{"x", random_tensor({1, 4, kWidth}, 1)}}, states); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"\"z\""},
                           [&] { model.execute({{"z", random_tensor({1}, 1)}}, states); }));
}

}  // namespace
}  // namespace accelerate
