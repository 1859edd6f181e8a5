// Products of matrices, attention, recurrent layers.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "import/pt2/aten.h"
#include "import/pt2/einsum.h"

namespace accelerate::import::pt2 {
namespace {

/// a and b in one dtype, their batch axes and the axis that is summed with extents written alike.
Value product(Value a, Value b) {
  const DType dtype = promote(a.dtype(), b.dtype());
  a = to_dtype(a, dtype);
  b = to_dtype(b, dtype);
  if (a.rank() == 0 || b.rank() == 0) fail(ErrorCode::invalid_model, "a product with a tensor without axes");
  const int k_of_b = b.rank() == 1 ? 0 : b.rank() - 2;
  Shape shape = b.shape();
  const Dim& k = a.dim(-1);
  if (!shape[static_cast<size_t>(k_of_b)].is_constant()) shape[static_cast<size_t>(k_of_b)] = k;
  for (int i = 3; i <= std::min(a.rank(), b.rank()); ++i) {
    Dim& theirs = shape[shape.size() - static_cast<size_t>(i)];
    const Dim& ours = a.dim(-i);
    if (!theirs.is_constant() && ours != Dim(1)) theirs = ours;
  }
  return ops::matmul(a, with_shape(b, shape));
}

Item linear(Call& c) {
  const Value x = c.tensor("input");
  const Value weight = c.tensor("weight");
  const Value bias = c.optional_tensor("bias");
  if (weight.rank() == 1) {
    const Value dot = product(x, weight);
    return bias ? ops::add(dot, bias) : dot;
  }
  return ops::linear(x, weight, bias);
}

template <int which>
Item multiply(Call& c) {
  constexpr std::string_view kSecond[] = {"other", "mat2", "vec", "tensor", "vec2"};
  return product(c.tensor("self"), c.tensor(kSecond[which]));
}

/// beta * self + alpha * product.
Item add_product(Call& c, Value a, Value b) {
  const Value x = c.tensor("self");
  Value out = product(a, b);
  const auto scale = [&](Value v, std::string_view name) {
    if (!c.given(name)) return v;
    const Scalar factor = c.scalar(name);
    return factor.constant() == 1.0 ? v : ops::mul(v, scalar_tensor(c.graph(), v.dtype(), factor));
  };
  out = scale(out, "alpha");
  if (c.given("beta") && c.scalar("beta").constant() == 0.0) return out;
  std::vector<Value> v = {scale(to_dtype(x, out.dtype()), "beta"), out};
  align_shapes(v, c.declared_shape());
  return ops::add(v[0], v[1]);
}

Item addmm(Call& c) {
  return add_product(c, c.tensor("mat1"), c.tensor("mat2"));
}
Item baddbmm(Call& c) {
  return add_product(c, c.tensor("batch1"), c.tensor("batch2"));
}
Item addmv(Call& c) {
  return add_product(c, c.tensor("mat"), c.tensor("vec"));
}
Item addbmm(Call& c) {
  // The batch is summed too: its axis joins the one that is summed.
  const Value a = c.tensor("batch1");
  const Value b = c.tensor("batch2");
  const Dim k = a.dim(0) * a.dim(2);
  return add_product(c, ops::reshape(ops::transpose(a, {1, 0, 2}), {a.dim(1), k}), ops::reshape(b, {k, b.dim(2)}));
}

Item outer(Call& c) {
  const Operand a{ops::unsqueeze(c.tensor("self"), 1), {}};
  const Operand b{ops::unsqueeze(c.tensor("vec2"), 0), {}};
  return broadcast_binary(c, ops::mul, a, b, promote(a.dtype(), b.dtype()));
}

Item einsum_of(Call& c) {
  return einsum(c.string("equation", ""), c.tensors("tensors"));
}

Item tensor_dot(Call& c) {
  const Value a = c.tensor("self");
  const Value b = c.tensor("other");
  auto from_a = c.integers("dims_self");
  auto from_b = c.integers("dims_other");
  if (from_a.size() != from_b.size()) fail(ErrorCode::invalid_model, "dims_self and dims_other differ in length");
  std::string labels_a;
  std::string labels_b;
  std::string result;
  char next = 'a';
  for (int i = 0; i < a.rank(); ++i) labels_a += next++;
  for (int i = 0; i < b.rank(); ++i) labels_b += next++;
  for (size_t i = 0; i < from_a.size(); ++i)
    labels_b[static_cast<size_t>(front_axis(from_b[i], b.rank()))] =
        labels_a[static_cast<size_t>(front_axis(from_a[i], a.rank()))];
  for (const char label : labels_a + labels_b)
    if (labels_a.find(label) == std::string::npos || labels_b.find(label) == std::string::npos) result += label;
  return einsum(labels_a + "," + labels_b + "->" + result, {a, b});
}

Item bilinear(Call& c) {
  const Value out = einsum("...i,oij,...j->...o", {c.tensor("input1"), c.tensor("weight"), c.tensor("input2")});
  const Value bias = c.optional_tensor("bias");
  return bias ? ops::add(out, bias) : out;
}

Item cross(Call& c) {
  std::vector<Value> v = {c.tensor("self"), c.tensor("other")};
  align_shapes(v, c.declared_shape());
  const int64_t axis = c.axis("dim", v[0].rank(), -1);
  const auto a = ops::split(v[0], {1, 1, 1}, axis);
  const auto b = ops::split(v[1], {1, 1, 1}, axis);
  const auto minor = [&](size_t i, size_t j) { return ops::sub(ops::mul(a[i], b[j]), ops::mul(a[j], b[i])); };
  return ops::concat({minor(1, 2), minor(2, 0), minor(0, 1)}, axis);
}

/// Distances of order p between the rows of two sets.
Item distances(Call& c) {
  const Value a = c.tensor("x1");
  const Value b = c.tensor("x2");
  const double p = c.number("p", 2);
  const Value gap = ops::abs(ops::sub(ops::unsqueeze(a, -2), ops::unsqueeze(b, -3)));
  if (p == 2) return ops::sqrt(ops::reduce_sum(ops::square(gap), {-1}));
  if (p == 1) return ops::reduce_sum(gap, {-1});
  if (p == INFINITY) return ops::reduce_max(gap, {-1});
  const Value order = ops::full(c.graph(), a.dtype(), {}, p);
  return ops::pow(ops::reduce_sum(ops::pow(gap, order), {-1}), ops::reciprocal(order));
}

Item solve_triangular(Call& c) {
  const Value a = c.tensor("self");
  const Value b = c.tensor("B");
  const bool upper = c.boolean("upper", false);
  const bool unit = c.boolean("unitriangular", false);
  if (c.boolean("left", true)) return ops::solve_triangular(a, b, upper, unit);
  // X A = B is A^T X^T = B^T.
  const Value x = ops::solve_triangular(ops::swap_axes(a, -1, -2), ops::swap_axes(b, -1, -2), !upper, unit);
  return ops::swap_axes(x, -1, -2);
}

/// [N,T,D] and tensors of more than four axes as [B,H,T,D].
Value as_heads(Value x, int rank) {
  while (x.rank() < rank) x = ops::unsqueeze(x, 0);
  if (rank == 3) return ops::unsqueeze(x, 1);
  if (rank == 4) return x;
  Shape shape = {num_elements(Shape(x.shape().begin(), x.shape().end() - 3))};
  shape.insert(shape.end(), x.shape().end() - 3, x.shape().end());
  return ops::reshape(x, shape);
}

Value attention_of(Value q, Value k, Value v, Value mask, bool is_causal, double scale) {
  const int rank = q.rank();
  // The batch axes of the queries broadcast too.
  Shape wider = q.shape();
  for (int i = 0; i + 3 < rank && k.rank() == rank; ++i)
    if (q.dim(i) == Dim(1)) wider[static_cast<size_t>(i)] = k.dim(i);
  if (wider != q.shape()) q = ops::expand(q, wider);
  const Shape lead(q.shape().begin(), q.shape().end() - 2);
  Shape result = lead;
  result.push_back(q.dim(-2));
  result.push_back(v.dim(-1));
  ops::AttentionOptions options;
  options.scale = scale;
  options.is_causal = is_causal;
  if (rank == 2) {
    q = ops::unsqueeze(q, 0);
    k = ops::unsqueeze(k, 0);
    v = ops::unsqueeze(v, 0);
  }
  const int wide = std::max(rank, 3);
  // Extents that q, k and v share, written alike.
  const auto alike = [&](Value x, const Dim& length) {
    Shape shape = x.shape();
    for (int i = 0; i + 2 < x.rank(); ++i) {
      const Dim& of_q = q.dim(i);
      Dim& d = shape[static_cast<size_t>(i)];
      if (!d.is_constant() && !of_q.is_constant()) d = of_q;
      // The batch axes broadcast; the heads need not, where they are grouped.
      if (d == Dim(1) && of_q != Dim(1) && (i + 3 < x.rank() || x.rank() == 3)) d = of_q;
    }
    Shape same = x.shape();
    for (size_t i = 0; i < same.size(); ++i)
      if (same[i] != Dim(1) || shape[i] == Dim(1)) same[i] = shape[i];
    if (!same[same.size() - 2].is_constant()) same[same.size() - 2] = length;
    shape[shape.size() - 2] = same[same.size() - 2];
    return ops::expand(with_shape(x, same), shape);
  };
  k = alike(k, k.dim(-2));
  v = alike(v, k.dim(-2));
  if (mask) {
    if (mask.dtype() != DType::boolean) mask = to_dtype(mask, q.dtype());
    Shape shape = mask.shape();
    const auto match = [&](int from_back, const Dim& d) {
      if (mask.rank() >= from_back && !mask.dim(-from_back).is_constant())
        shape[shape.size() - static_cast<size_t>(from_back)] = d;
    };
    match(1, k.dim(-2));
    match(2, q.dim(-2));
    for (int i = 3; i <= mask.rank() && i <= q.rank(); ++i) match(i, q.dim(-i));
    mask = with_shape(mask, shape);
    if (wide > 4 && mask.rank() > 2) {
      Shape full(q.shape().begin(), q.shape().end() - 1);
      full.push_back(k.dim(-2));
      mask = ops::expand(mask, full);
    }
    if (mask.rank() > 2 || wide == 3) mask = as_heads(mask, wide);
    while (mask.rank() < 4) mask = ops::unsqueeze(mask, 0);
  }
  const Value out =
      ops::scaled_dot_product_attention(as_heads(q, wide), as_heads(k, wide), as_heads(v, wide), mask, options);
  return with_shape(out, result);
}

Item attention(Call& c) {
  if (c.number("dropout_p", 0) != 0) c.refuse("the program was captured in training mode: its attention has dropout");
  const double scale = c.given("scale") ? c.number("scale") : 0;
  if (c.given("scale") && scale <= 0) {
    // A scale that the op's option cannot say: applied to the queries.
    const Value q = c.tensor("query");
    const Value scaled = ops::mul(q, ops::full(c.graph(), q.dtype(), {}, scale));
    return attention_of(scaled, c.tensor("key"), c.tensor("value"), c.optional_tensor("attn_mask"),
                        c.boolean("is_causal", false), 1);
  }
  return attention_of(c.tensor("query"), c.tensor("key"), c.tensor("value"), c.optional_tensor("attn_mask"),
                      c.boolean("is_causal", false), scale);
}

/// The kernels that attention is lowered to give more results, for gradients: they are left out.
Item attention_kernel(Call& c) {
  const std::string_view mask = c.given("attn_mask") ? "attn_mask" : "attn_bias";
  std::vector<Item> out(std::max<size_t>(c.node().outputs.size(), 1));
  out[0] = attention_of(c.tensor("query"), c.tensor("key"), c.tensor("value"), c.optional_tensor(mask),
                        c.boolean("is_causal", false), c.given("scale") ? c.number("scale") : 0);
  return out;
}

Item grouped_product(Call& c) {
  const bool fallback = c.target().starts_with("transformers.");
  const Value x = c.tensor(fallback ? "input" : "self");
  const Value weights = c.tensor(fallback ? "weight" : "mat2");
  const Value ends = c.tensor("offs");
  return ops::grouped_matmul(x, weights, ends.dtype() == DType::i32 ? ends : to_dtype(ends, DType::i64));
}

ops::RecurrentOptions recurrent_options(Call& c) {
  if (c.boolean("train", false) && c.number("dropout", 0) != 0)
    c.refuse("the program was captured in training mode: its recurrent layer has dropout");
  ops::RecurrentOptions options;
  options.num_layers = c.integer("num_layers");
  options.bidirectional = c.boolean("bidirectional", false);
  options.batch_first = c.boolean("batch_first", false);
  options.has_bias = c.boolean("has_biases", true);
  return options;
}

Item lstm(Call& c) {
  ops::RecurrentOptions options = recurrent_options(c);
  const auto state = c.tensors("hx");
  if (state.size() != 2) fail(ErrorCode::invalid_model, "an lstm has {} states; expected 2", state.size());
  options.has_projection = state[0].dim(-1) != state[1].dim(-1);
  return ops::lstm(c.tensor("input"), state[0], state[1], c.tensors("params"), options);
}

Item gru(Call& c) {
  return ops::gru(c.tensor("input"), c.tensor("hx"), c.tensors("params"), recurrent_options(c));
}

Item rnn(Call& c) {
  const std::string activation = c.target().starts_with("aten.rnn_relu") ? "relu" : "tanh";
  return ops::rnn(c.tensor("input"), c.tensor("hx"), c.tensors("params"), activation, recurrent_options(c));
}

constexpr Mapping kMappings[] = {
    {"aten.linear.default", linear},
    {"aten.matmul.default", multiply<0>},
    {"aten.__matmul__.default", multiply<0>},
    {"aten.linalg_matmul.default", multiply<0>},
    {"aten.mm.default", multiply<1>},
    {"aten.bmm.default", multiply<1>},
    {"aten.mv.default", multiply<2>},
    {"aten.dot.default", multiply<3>},
    {"aten.vdot.default", multiply<0>},
    {"aten.addmm.default", addmm},
    {"aten.baddbmm.default", baddbmm},
    {"aten.addbmm.default", addbmm},
    {"aten.addmv.default", addmv},
    {"aten.outer.default", outer},
    {"aten.ger.default", outer},
    {"aten.einsum.default", einsum_of},
    {"aten.tensordot.default", tensor_dot},
    {"aten.bilinear.default", bilinear},
    {"aten.linalg_cross.default", cross},
    {"aten.cross.default", cross},
    {"aten.cdist.default", distances},
    {"aten._cdist_forward.default", distances},
    {"aten.linalg_solve_triangular.default", solve_triangular},
    {"aten.scaled_dot_product_attention.default", attention},
    {"aten._scaled_dot_product_flash_attention_for_cpu.default", attention_kernel},
    {"aten._scaled_dot_product_flash_attention.default", attention_kernel},
    {"aten._scaled_dot_product_efficient_attention.default", attention_kernel},
    {"aten._scaled_dot_product_cudnn_attention.default", attention_kernel},
    {"aten._scaled_dot_product_attention_math.default", attention_kernel},
    {"transformers.grouped_mm_fallback.default", grouped_product},
    {"aten._grouped_mm.default", grouped_product},
    {"aten.lstm.input", lstm},
    {"aten.gru.input", gru},
    {"aten.rnn_tanh.input", rnn},
    {"aten.rnn_relu.input", rnn},
};

}  // namespace

std::span<const Mapping> linear_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
