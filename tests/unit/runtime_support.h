#pragma once
#include <cmath>
#include <memory>
#include <random>

#include "accelerate/ops.h"
#include "graph/weights.h"
#include "runtime/session.h"

namespace accelerate::test {

inline Tensor random_tensor(std::vector<int64_t> shape, unsigned seed, float scale = 1.0F) {
  Tensor out(DType::f32, std::move(shape));
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, scale);
  for (int64_t i = 0; i < out.num_elements(); ++i) out.as<float>()[i] = normal(random);
  return out;
}

/// One encoder layer over x [batch, sequence, 48], four heads, with a mask [batch, sequence] of i64.
struct SmallEncoder {
  Graph graph{"encoder"};
  std::shared_ptr<MemoryWeights> weights = std::make_shared<MemoryWeights>();

  explicit SmallEncoder(DType weight_dtype = DType::f32) {
    constexpr int64_t kWidth = 48;
    auto weight = [&](const std::string& name, std::vector<int64_t> shape, DType dtype) {
      weights->add(name, random_tensor(shape, static_cast<unsigned>(weights->names().size()) + 1, 0.2F).cast(dtype));
      return ops::weight(graph, name, TensorType(dtype, Shape(shape.begin(), shape.end())));
    };
    auto linear = [&](Value x, const std::string& name, int64_t n, int64_t k) {
      return ops::linear(x, weight(name + ".weight", {n, k}, weight_dtype), weight(name + ".bias", {n}, DType::f32));
    };
    Value x = graph.add_input("x", {DType::f32, {"batch", "sequence", kWidth}});
    Value mask = graph.add_input("mask", {DType::i64, {"batch", "sequence"}});
    Value attend = ops::reshape(ops::cast(mask, DType::boolean), {"batch", 1, 1, "sequence"});
    auto heads = [&](Value v) { return ops::reshape(v, {"batch", "sequence", 4, kWidth / 4}); };
    ops::AttentionOptions options{.layout = "BTHD"};
    Value context =
        ops::scaled_dot_product_attention(heads(linear(x, "q", kWidth, kWidth)), heads(linear(x, "k", kWidth, kWidth)),
                                          heads(linear(x, "v", kWidth, kWidth)), attend, options);
    Value y = ops::add(linear(ops::reshape(context, {"batch", "sequence", kWidth}), "o", kWidth, kWidth), x);
    y = ops::layer_norm(y, weight("norm.weight", {kWidth}, DType::f32), weight("norm.bias", {kWidth}, DType::f32),
                        1e-5);
    Value z = linear(ops::gelu(linear(y, "up", 4 * kWidth, kWidth)), "down", kWidth, 4 * kWidth);
    graph.output(ops::add(z, y), "y");
  }

  std::vector<Tensor> inputs(int64_t batch, int64_t sequence, unsigned seed = 99) const {
    Tensor mask(DType::i64, {batch, sequence});
    for (int64_t i = 0; i < mask.num_elements(); ++i)
      mask.set_int(i, i % sequence < sequence - i / sequence % 2 ? 1 : 0);
    return {random_tensor({batch, sequence, 48}, seed), mask};
  }
};

inline double max_difference(const Tensor& a, const Tensor& b) {
  double out = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i) out = std::max(out, std::fabs(a.get(i) - b.get(i)));
  return out;
}

}  // namespace accelerate::test
