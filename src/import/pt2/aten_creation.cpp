// Tensors made of nothing: ranges, fillings, triangles, random draws.
#include <cmath>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

Shape shape_of_result(Call& c, std::string_view name) {
  const auto declared = c.declared_shape();
  return declared ? *declared : c.dims(name);
}

/// The dtype that is asked for, else the declared one, else f32.
DType dtype_of_result(Call& c) {
  if (const auto given = c.dtype()) return *given;
  return c.declared_dtype().value_or(DType::f32);
}

Item full(Call& c) {
  const Scalar value = c.scalar("fill_value");
  DType dtype = value.kind == Scalar::Kind::number    ? DType::f32
                : value.kind == Scalar::Kind::integer ? DType::i64
                                                      : DType::boolean;
  return filled(c, c.dtype().value_or(dtype), shape_of_result(c, "size"), value);
}

template <int number>
Item constant(Call& c) {
  return filled(c, dtype_of_result(c), shape_of_result(c, "size"), Scalar::of(Ratio(Dim(number))));
}

/// What is not initialised is zero here: a program that reads it would not be reproducible.
Item empty_strided(Call& c) {
  return constant<0>(c);
}

template <int number>
Item constant_like(Call& c) {
  const Value x = c.tensor("self");
  return filled(c, c.dtype().value_or(x.dtype()), x.shape(), Scalar::of(Ratio(Dim(number))));
}

Item full_like(Call& c) {
  const Value x = c.tensor("self");
  return filled(c, c.dtype().value_or(x.dtype()), x.shape(), c.scalar("fill_value"));
}

template <int number>
Item new_constant(Call& c) {
  const DType dtype = c.dtype().value_or(c.tensor("self").dtype());
  return filled(c, dtype, shape_of_result(c, "size"), Scalar::of(Ratio(Dim(number))));
}

Item new_full(Call& c) {
  const DType dtype = c.dtype().value_or(c.tensor("self").dtype());
  return filled(c, dtype, shape_of_result(c, "size"), c.scalar("fill_value"));
}

Item scalar_as_tensor(Call& c) {
  const Scalar s = c.scalar("s");
  return scalar_tensor(c.graph(), c.dtype().value_or(s.kind == Scalar::Kind::number ? DType::f32 : s.dtype()), s);
}

bool is_whole(const Scalar& s) {
  return s.kind != Scalar::Kind::number;
}

Item arange(Call& c) {
  const Scalar start = c.given("start") ? c.scalar("start") : Scalar::of(Ratio(Dim(0)));
  const Scalar end = c.scalar("end");
  const Scalar step = c.given("step") ? c.scalar("step") : Scalar::of(Ratio(Dim(1)));
  const bool whole = is_whole(start) && is_whole(end) && is_whole(step);
  const DType dtype = c.dtype().value_or(whole ? DType::i64 : DType::f32);
  Dim length;
  const auto declared = c.declared_shape();
  if (declared && declared->size() == 1) {
    length = (*declared)[0];
  } else if (start.exact && end.exact && step.exact) {
    length = max(ceil((*end.exact - *start.exact) / *step.exact), 0);
  } else if (start.constant() == 0.0 && step.constant() == 1.0) {
    length = c.dim("end");
  } else {
    Scalar s = start;
    Scalar e = c.scalar("end");
    length = max(c.conversion().dim_of(e) - c.conversion().dim_of(s), 0);
    if (step.constant() != 1.0) c.refuse("a range of a length that is not known, with a step");
  }
  if (length.has_unbacked() && !end.exact) length = c.dim("end") - (start.exact ? c.dim("start", Dim(0)) : Dim(0));
  const bool from_zero = start.constant() == 0.0;
  const bool by_one = step.constant() == 1.0;
  if (from_zero && by_one) return ops::iota(c.graph(), dtype, length);
  if (whole) {
    Value out = ops::iota(c.graph(), DType::i64, length);
    if (!by_one) out = ops::mul(out, scalar_tensor(c.graph(), DType::i64, step));
    if (!from_zero) out = ops::add(out, scalar_tensor(c.graph(), DType::i64, start));
    return to_dtype(out, dtype);
  }
  // PyTorch computes in f64 and rounds each element once.
  Value out = ops::iota(c.graph(), DType::f64, length);
  if (!by_one) out = ops::mul(out, scalar_tensor(c.graph(), DType::f64, step));
  if (!from_zero) out = ops::add(out, scalar_tensor(c.graph(), DType::f64, start));
  return to_dtype(out, dtype);
}

/// The first half counts from the start and the second from the end, as PyTorch does.
Item linspace(Call& c) {
  const Operand start = c.operand("start");
  const Operand end = c.operand("end");
  const Dim steps = c.dim("steps");
  const DType dtype = c.dtype().value_or(DType::f32);
  const DType wide = dtype == DType::f64 ? DType::f64 : DType::f32;
  const Value first = to_tensor(c.graph(), start, wide);
  const Value last = to_tensor(c.graph(), end, wide);
  const auto number = [&](const Dim& d) { return scalar_tensor(c.graph(), wide, Scalar::of(Ratio(d))); };
  if (steps == Dim(1)) return to_dtype(ops::reshape(first, {1}), dtype);
  const Value i = ops::iota(c.graph(), wide, steps);
  const Value step = ops::div(ops::sub(last, first), number(steps - 1));
  const Value up = ops::add(first, ops::mul(step, i));
  const Value down = ops::sub(last, ops::mul(step, ops::sub(number(steps - 1), i)));
  return to_dtype(ops::where(ops::less(i, number(floordiv(steps, 2))), up, down), dtype);
}

Item logspace(Call& c) {
  const double base = c.number("base", 10);
  const DType dtype = c.dtype().value_or(DType::f32);
  const Item line = linspace(c);
  const Value exponent = to_dtype(line.tensor()->value, float_dtype(dtype));
  return to_dtype(ops::pow(ops::full(c.graph(), exponent.dtype(), {}, base), exponent), dtype);
}

Item eye(Call& c) {
  const Dim n = c.dim("n");
  const Dim m = c.dim("m", n);
  const Value rows = ops::unsqueeze(ops::iota(c.graph(), DType::i64, n), 1);
  const Value columns = ops::unsqueeze(ops::iota(c.graph(), DType::i64, m), 0);
  return to_dtype(ops::equal(rows, columns), dtype_of_result(c));
}

/// Where column - row is at least (upper) or at most the diagonal.
Value triangle(Call& c, const Dim& rows, const Dim& columns, const Dim& diagonal, bool upper) {
  const Value i = ops::unsqueeze(ops::iota(c.graph(), DType::i64, rows), 1);
  const Value j = ops::unsqueeze(ops::iota(c.graph(), DType::i64, columns), 0);
  const Value bound = ops::add(i, scalar_tensor(c.graph(), DType::i64, Scalar::of(Ratio(diagonal))));
  return upper ? ops::greater_equal(j, bound) : ops::less_equal(j, bound);
}

Item triangular(Call& c, bool upper) {
  const Value x = c.tensor("self");
  const Dim diagonal = c.dim("diagonal", Dim(0));
  if (const auto number = diagonal.constant()) return upper ? ops::triu(x, *number) : ops::tril(x, *number);
  return ops::where(triangle(c, x.dim(-2), x.dim(-1), diagonal, upper), x, ops::full(c.graph(), x.dtype(), {}, 0));
}

Item tril(Call& c) {
  return triangular(c, false);
}
Item triu(Call& c) {
  return triangular(c, true);
}

/// Rows and columns of the positions in a triangle.
Item triangle_indices(Call& c, bool upper) {
  const Value mask = triangle(c, c.dim("row"), c.dim("col"), c.dim("offset", Dim(0)), upper);
  const TensorMeta* meta = c.declared();
  const Dim count = c.conversion().data_dim(meta != nullptr && meta->sizes.size() == 2 ? &meta->sizes[1] : nullptr);
  return to_dtype(ops::transpose(ops::nonzero(mask, count), {1, 0}), c.dtype().value_or(DType::i64));
}

/// A window of n points: a0 - a1 cos(2 pi i / m) + ...
Item cosine_window(Call& c, std::vector<double> terms) {
  const Dim n = c.dim("window_length");
  const bool periodic = c.boolean("periodic", true);
  const DType dtype = c.dtype().value_or(DType::f32);
  const Value i = ops::iota(c.graph(), DType::f64, n);
  const Value length = scalar_tensor(c.graph(), DType::f64, Scalar::of(Ratio(periodic ? n : n - 1)));
  Value out = ops::full(c.graph(), DType::f64, {n}, terms[0]);
  for (size_t k = 1; k < terms.size(); ++k) {
    const Value turn = ops::full(c.graph(), DType::f64, {}, 2 * M_PI * static_cast<double>(k));
    const Value wave = ops::cos(ops::div(ops::mul(i, turn), length));
    out = ops::add(out, ops::mul(wave, ops::full(c.graph(), DType::f64, {}, terms[k])));
  }
  return to_dtype(out, dtype);
}

/// What the program draws is given to it: an input with the name "random.N", in the order of the draws.
Value drawn(Call& c, DType dtype, const Shape& shape) {
  Conversion& state = c.conversion();
  if (&c.graph() != state.root) c.refuse("{} inside of a branch", c.target());
  for (const Dim& d : shape)
    if (d.has_unbacked()) c.refuse("{} draws as many numbers as only the data tell", c.target());
  return state.root->add_input(fmt::format("random.{}", state.num_random++), {dtype, shape});
}

Item draw(Call& c) {
  return drawn(c, dtype_of_result(c), shape_of_result(c, "size"));
}

Item draw_like(Call& c) {
  const Value x = c.tensor("self");
  return drawn(c, c.dtype().value_or(x.dtype()), x.shape());
}

/// mean + std * a draw of the standard normal distribution.
Item normal(Call& c) {
  const Operand mean = c.given("mean") ? c.operand("mean") : Operand{{}, Scalar::of(Ratio(Dim(0)))};
  const Operand deviation = c.given("std") ? c.operand("std") : Operand{{}, Scalar::of(Ratio(Dim(1)))};
  const auto declared = c.declared_shape();
  if (!declared) c.refuse("{} draws as many numbers as only the data tell", c.target());
  const DType dtype = c.declared_dtype().value_or(DType::f32);
  const Value noise = drawn(c, dtype, *declared);
  std::vector<Value> v = {noise, to_tensor(c.graph(), deviation, dtype), to_tensor(c.graph(), mean, dtype)};
  align_shapes(v, declared);
  return ops::add(ops::mul(v[0], v[1]), v[2]);
}

/// 1 where a uniform draw lies below the probability.
Item bernoulli(Call& c) {
  const Value x = c.tensor("self");
  const Value noise = drawn(c, float_dtype(x.dtype()), x.shape());
  const Value p = c.given("p") ? to_tensor(c.graph(), c.operand("p"), noise.dtype()) : to_dtype(x, noise.dtype());
  return to_dtype(ops::less(noise, p), x.dtype());
}

constexpr Mapping kMappings[] = {
    {"aten.full.default", full},
    {"aten.zeros.default", constant<0>},
    {"aten.ones.default", constant<1>},
    {"aten.empty.memory_format", constant<0>},
    {"aten.empty.default", constant<0>},
    {"aten.empty_strided.default", empty_strided},
    {"aten.empty_permuted.default", empty_strided},
    {"aten.zeros_like.default", constant_like<0>},
    {"aten.ones_like.default", constant_like<1>},
    {"aten.empty_like.default", constant_like<0>},
    {"aten.full_like.default", full_like},
    {"aten.new_zeros.default", new_constant<0>},
    {"aten.new_ones.default", new_constant<1>},
    {"aten.new_empty.default", new_constant<0>},
    {"aten.new_empty_strided.default", new_constant<0>},
    {"aten.new_full.default", new_full},
    {"aten.scalar_tensor.default", scalar_as_tensor},
    {"aten.arange.default", arange},
    {"aten.arange.start", arange},
    {"aten.arange.start_step", arange},
    {"aten.linspace.default", linspace},
    {"aten.linspace.Tensor_Tensor", linspace},
    {"aten.linspace.Tensor_Scalar", linspace},
    {"aten.linspace.Scalar_Tensor", linspace},
    {"aten.logspace.default", logspace},
    {"aten.eye.default", eye},
    {"aten.eye.m", eye},
    {"aten.tril.default", tril},
    {"aten.triu.default", triu},
    {"aten.tril_indices.default", [](Call& c) { return triangle_indices(c, false); }},
    {"aten.triu_indices.default", [](Call& c) { return triangle_indices(c, true); }},
    {"aten.hann_window.default", [](Call& c) { return cosine_window(c, {0.5, -0.5}); }},
    {"aten.hann_window.periodic", [](Call& c) { return cosine_window(c, {0.5, -0.5}); }},
    {"aten.hamming_window.default", [](Call& c) { return cosine_window(c, {0.54, -0.46}); }},
    {"aten.hamming_window.periodic", [](Call& c) { return cosine_window(c, {0.54, -0.46}); }},
    {"aten.blackman_window.default", [](Call& c) { return cosine_window(c, {0.42, -0.5, 0.08}); }},
    {"aten.blackman_window.periodic", [](Call& c) { return cosine_window(c, {0.42, -0.5, 0.08}); }},
    {"aten.rand.default", draw},
    {"aten.rand.generator", draw},
    {"aten.randn.default", draw},
    {"aten.randn.generator", draw},
    {"aten.randint.default", draw},
    {"aten.randint.low", draw},
    {"aten.randperm.default", draw},
    {"aten.rand_like.default", draw_like},
    {"aten.randn_like.default", draw_like},
    {"aten.randint_like.default", draw_like},
    {"aten.randint_like.low_dtype", draw_like},
    {"aten.normal.Tensor_Tensor", normal},
    {"aten.normal.Tensor_float", normal},
    {"aten.normal.float_Tensor", normal},
    {"aten.normal.float_float", normal},
    {"aten.normal_functional.default", normal},
    {"aten.bernoulli.default", bernoulli},
    {"aten.bernoulli.p", bernoulli},
};

}  // namespace

std::span<const Mapping> creation_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
