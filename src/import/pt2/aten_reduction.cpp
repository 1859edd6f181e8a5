// Reductions, running sums, order.
#include <cmath>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

struct Reduced {
  Value x;
  std::vector<int64_t> axes;
  bool keep = false;
};

/// `dim` may be one axis, a list, or left out (all).
Reduced reduced(Call& c) {
  Reduced out;
  out.x = c.tensor("self");
  out.keep = c.boolean("keepdim", false);
  out.axes = c.axes("dim", out.x.rank());
  return out;
}

Item sum(Call& c) {
  Reduced r = reduced(c);
  if (const auto dtype = c.dtype()) r.x = to_dtype(r.x, *dtype);
  Value out = r.x.rank() == 0 ? r.x : ops::reduce_sum(r.x, r.axes, r.keep);
  const DType wanted = c.dtype().value_or(is_float(r.x.dtype()) ? r.x.dtype() : DType::i64);
  return to_dtype(out, wanted);
}

Item mean(Call& c) {
  Reduced r = reduced(c);
  r.x = to_dtype(r.x, c.dtype().value_or(r.x.dtype()));
  if (!is_float(r.x.dtype())) fail(ErrorCode::invalid_model, "the mean of {}", r.x.type().to_string());
  return r.x.rank() == 0 ? r.x : ops::reduce_mean(r.x, r.axes, r.keep);
}

Item prod(Call& c) {
  Reduced r = reduced(c);
  if (const auto dtype = c.dtype()) r.x = to_dtype(r.x, *dtype);
  const Value out = r.x.rank() == 0 ? r.x : ops::reduce_prod(r.x, r.axes, r.keep);
  return to_dtype(out, c.dtype().value_or(is_float(r.x.dtype()) ? r.x.dtype() : DType::i64));
}

/// bool through u8: extremes are those of numbers.
template <Value (*fn)(Value, std::vector<int64_t>, bool)>
Value extreme_of(Value x, std::vector<int64_t> axes, bool keep) {
  if (x.rank() == 0) return x;
  if (x.dtype() == DType::boolean) return to_dtype(fn(to_dtype(x, DType::u8), std::move(axes), keep), DType::boolean);
  return fn(x, std::move(axes), keep);
}

template <Value (*fn)(Value, std::vector<int64_t>, bool)>
Item extreme(Call& c) {
  const Reduced r = reduced(c);
  return extreme_of<fn>(r.x, r.axes, r.keep);
}

template <Value (*arg)(Value, int64_t, bool)>
Value position_of(Value x, int64_t axis, bool keep) {
  if (x.dtype() == DType::boolean) x = to_dtype(x, DType::u8);
  if (x.rank() == 0) return ops::full(*x.builder, DType::i64, {}, 0);
  return arg(x, axis, keep);
}

template <Value (*fn)(Value, std::vector<int64_t>, bool), Value (*arg)(Value, int64_t, bool)>
Item extreme_and_position(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank());
  const bool keep = c.boolean("keepdim", false);
  return std::vector<Value>{extreme_of<fn>(x, {axis}, keep), position_of<arg>(x, axis, keep)};
}

template <Value (*arg)(Value, int64_t, bool)>
Item position(Call& c) {
  const Value x = c.tensor("self");
  const bool keep = c.boolean("keepdim", false);
  if (c.given("dim")) return position_of<arg>(x, c.axis("dim", x.rank()), keep);
  const Value flat = position_of<arg>(ops::reshape(x, {num_elements(x.shape())}), 0, false);
  return keep ? ops::reshape(flat, Shape(static_cast<size_t>(x.rank()), Dim(1))) : flat;
}

Item both_extremes(Call& c) {
  const Reduced r = reduced(c);
  return std::vector<Value>{extreme_of<ops::reduce_min>(r.x, r.axes, r.keep),
                            extreme_of<ops::reduce_max>(r.x, r.axes, r.keep)};
}

template <Value (*fn)(Value, std::vector<int64_t>, bool)>
Item question(Call& c) {
  const Reduced r = reduced(c);
  const Value truth = to_dtype(r.x, DType::boolean);
  const Value out = r.x.rank() == 0 ? truth : fn(truth, r.axes, r.keep);
  return r.x.dtype() == DType::u8 ? to_dtype(out, DType::u8) : out;
}

/// What the divisor of a variance falls short of the count.
double correction(Call& c) {
  if (c.given("correction")) return c.number("correction");
  if (c.given("unbiased")) return c.boolean("unbiased", true) ? 1 : 0;
  return 1;
}

Value variance_of(Call& c, const Reduced& r) {
  const double less = correction(c);
  if (less != std::floor(less)) c.refuse("a variance has the correction {}; expected a whole number", less);
  if (r.x.rank() == 0) return ops::variance(ops::reshape(r.x, {1}), {0}, static_cast<int64_t>(less), false);
  return ops::variance(r.x, r.axes, static_cast<int64_t>(less), r.keep);
}

Item variance(Call& c) {
  return variance_of(c, reduced(c));
}
Item deviation(Call& c) {
  return ops::sqrt(variance_of(c, reduced(c)));
}
Item variance_and_mean(Call& c) {
  const Reduced r = reduced(c);
  return std::vector<Value>{variance_of(c, r), ops::reduce_mean(r.x, r.axes, r.keep)};
}
Item deviation_and_mean(Call& c) {
  const Reduced r = reduced(c);
  return std::vector<Value>{ops::sqrt(variance_of(c, r)), ops::reduce_mean(r.x, r.axes, r.keep)};
}

/// The norm of order p of vectors.
Value vector_norm(Call& c, Reduced r, double p, std::optional<DType> dtype) {
  r.x = to_dtype(r.x, dtype.value_or(float_dtype(r.x.dtype())));
  const Value magnitude = ops::abs(r.x);
  if (r.x.rank() == 0) return p == 0 ? to_dtype(to_dtype(r.x, DType::boolean), r.x.dtype()) : magnitude;
  if (p == INFINITY) return ops::reduce_max(magnitude, r.axes, r.keep);
  if (p == -INFINITY) return ops::reduce_min(magnitude, r.axes, r.keep);
  if (p == 0)
    return to_dtype(ops::reduce_sum(to_dtype(to_dtype(r.x, DType::boolean), DType::i64), r.axes, r.keep), r.x.dtype());
  if (p == 1) return ops::reduce_sum(magnitude, r.axes, r.keep);
  if (p == 2) return ops::sqrt(ops::reduce_sum(ops::square(r.x), r.axes, r.keep));
  const Value order = ops::full(c.graph(), r.x.dtype(), {}, p);
  return ops::pow(ops::reduce_sum(ops::pow(magnitude, order), r.axes, r.keep), ops::reciprocal(order));
}

Item linalg_vector_norm(Call& c) {
  return vector_norm(c, reduced(c), c.number("ord", 2), c.dtype());
}

Item norm(Call& c) {
  return vector_norm(c, reduced(c), c.number("p", 2), c.dtype());
}

Item linalg_norm(Call& c) {
  const Reduced r = reduced(c);
  const bool vector = !c.given("ord") || r.axes.size() == 1 || r.x.rank() == 1;
  if (!vector) c.refuse("a matrix norm of order {}", c.number("ord"));
  return vector_norm(c, r, c.number("ord", 2), c.dtype());
}

Item log_sum_exp(Call& c) {
  Reduced r = reduced(c);
  r.x = to_float(r.x);
  return r.x.rank() == 0 ? r.x : ops::log_sum_exp(r.x, r.axes, r.keep);
}

template <Value (*fn)(Value, int64_t)>
Item running(Call& c) {
  Value x = c.tensor("self");
  const DType wanted = c.dtype().value_or(is_float(x.dtype()) ? x.dtype() : DType::i64);
  x = to_dtype(x, wanted);
  if (x.rank() == 0) return x;
  return to_dtype(fn(x, c.axis("dim", x.rank())), wanted);
}

Value running_sum(Value x, int64_t axis) {
  return ops::cumsum(x, axis);
}

/// Ours: bindings/python/ipfs_accelerate/capture/recurrences.py.
Item linear_scan(Call& c) {
  const Value a = c.tensor("a");
  return ops::linear_scan(a, c.tensor("b"), c.tensor("initial"), c.axis("dim", a.rank()));
}

template <std::vector<Value> (*fn)(Value, int64_t)>
Item running_extreme(Call& c) {
  const Value x = c.tensor("self");
  return fn(x, c.axis("dim", x.rank()));
}

Item sort(Call& c) {
  const Value x = c.tensor("self");
  if (x.rank() == 0) return std::vector<Value>{x, ops::full(c.graph(), DType::i64, {}, 0)};
  const bool is_bool = x.dtype() == DType::boolean;
  auto out =
      ops::sort(is_bool ? to_dtype(x, DType::u8) : x, c.axis("dim", x.rank(), -1), c.boolean("descending", false));
  if (is_bool) out[0] = to_dtype(out[0], DType::boolean);
  return out;
}

Item argsort(Call& c) {
  const Item both = sort(c);
  return (*both.list())[1];
}

Item top_k(Call& c) {
  const Value x = c.tensor("self");
  if (x.rank() == 0) return std::vector<Value>{x, ops::full(c.graph(), DType::i64, {}, 0)};
  return ops::top_k(x, c.dim("k"), c.axis("dim", x.rank(), -1), c.boolean("largest", true), c.boolean("sorted", true),
                    "selection");
}

/// The element that is the k-th smallest, and where it is.
std::vector<Value> kth_smallest(Value x, const Dim& k, int64_t axis, bool keep) {
  const auto sorted = ops::sort(x, axis);
  std::vector<Value> out;
  for (const Value& v : sorted) {
    const Value at = ops::slice(v, axis, k - 1, k);
    Shape shape = at.shape();
    if (!keep) shape.erase(shape.begin() + axis);
    out.push_back(ops::reshape(at, shape));
  }
  return out;
}

Item kth_value(Call& c) {
  const Value x = c.tensor("self");
  return kth_smallest(x, c.dim("k"), c.axis("dim", x.rank(), -1), c.boolean("keepdim", false));
}

Item median(Call& c) {
  const Value x = c.tensor("self");
  const auto middle = [](const Dim& n) { return floordiv(n + 1, 2); };
  if (!c.given("dim")) {
    const Dim n = num_elements(x.shape());
    return kth_smallest(ops::reshape(x, {n}), middle(n), 0, false)[0];
  }
  const int64_t axis = c.axis("dim", x.rank());
  return kth_smallest(x, middle(x.dim(static_cast<int>(axis))), axis, c.boolean("keepdim", false));
}

Item histogram(Call& c) {
  return ops::histc(c.tensor("self"), c.integer("bins", 100), c.number("min", 0), c.number("max", 0));
}

/// Differences of neighbours.
Item diff(Call& c) {
  Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank(), -1);
  std::vector<Value> joined;
  if (c.given("prepend")) joined.push_back(to_dtype(c.tensor("prepend"), x.dtype()));
  joined.push_back(x);
  if (c.given("append")) joined.push_back(to_dtype(c.tensor("append"), x.dtype()));
  if (joined.size() > 1) x = ops::concat(joined, axis);
  for (int64_t i = 0; i < c.integer("n", 1); ++i) {
    const Dim n = x.dim(static_cast<int>(axis));
    const Value later = ops::slice(x, axis, 1, n);
    const Value earlier = ops::slice(x, axis, 0, n - 1);
    x = x.dtype() == DType::boolean ? ops::not_equal(later, earlier) : ops::sub(later, earlier);
  }
  return x;
}

Item count_nonzero(Call& c) {
  const Reduced r = reduced(c);
  const Value truth = to_dtype(to_dtype(r.x, DType::boolean), DType::i64);
  return r.x.rank() == 0 ? truth : ops::reduce_sum(truth, r.axes, r.keep);
}

Item mse_loss(Call& c) {
  std::vector<Value> v = {c.tensor("self"), c.tensor("target")};
  align_shapes(v, std::nullopt);
  const Value squares = ops::square(ops::sub(v[0], v[1]));
  const int64_t reduction = c.integer("reduction", 1);
  if (reduction == 0) return squares;
  return reduction == 1 ? ops::reduce_mean(squares) : ops::reduce_sum(squares);
}

template <Value (*fn)(Value, int64_t)>
Item soft(Call& c) {
  Value x = c.tensor("self");
  const auto dtype = c.dtype();
  // Half precision is computed in f32 in any case; a dtype is that of the result.
  x = to_dtype(x, dtype.value_or(float_dtype(x.dtype())));
  if (c.boolean("half_to_float", false)) x = to_dtype(x, DType::f32);
  if (x.rank() == 0) return ops::reshape(fn(ops::reshape(x, {1}), 0), {});
  return fn(x, c.axis("dim", x.rank()));
}

/// A line of nothing but -inf gives zeros.
Item safe_softmax(Call& c) {
  Value x = c.tensor("self");
  x = to_dtype(x, c.dtype().value_or(x.dtype()));
  const int64_t axis = c.axis("dim", x.rank());
  const Value lowest = ops::full(c.graph(), x.dtype(), {}, -INFINITY);
  const Value none = ops::reduce_all(ops::equal(x, lowest), {axis}, true);
  return ops::where(none, ops::full(c.graph(), x.dtype(), {}, 0), ops::softmax(x, axis));
}

constexpr Mapping kMappings[] = {
    {"aten.sum.default", sum, Mapping::Complex::each_part},
    {"aten.sum.dim_IntList", sum, Mapping::Complex::each_part},
    {"aten.mean.default", mean},
    {"aten.mean.dim", mean},
    {"aten.prod.default", prod},
    {"aten.prod.dim_int", prod},
    {"aten.amax.default", extreme<ops::reduce_max>},
    {"aten.amin.default", extreme<ops::reduce_min>},
    {"aten.max.default", extreme<ops::reduce_max>},
    {"aten.min.default", extreme<ops::reduce_min>},
    {"aten.max.dim", extreme_and_position<ops::reduce_max, ops::arg_max>},
    {"aten.min.dim", extreme_and_position<ops::reduce_min, ops::arg_min>},
    {"aten.aminmax.default", both_extremes},
    {"aten.argmax.default", position<ops::arg_max>},
    {"aten.argmin.default", position<ops::arg_min>},
    {"aten.all.default", question<ops::reduce_all>},
    {"aten.all.dim", question<ops::reduce_all>},
    {"aten.all.dims", question<ops::reduce_all>},
    {"aten._is_all_true.default", question<ops::reduce_all>},
    {"aten.any.default", question<ops::reduce_any>},
    {"aten.any.dim", question<ops::reduce_any>},
    {"aten.any.dims", question<ops::reduce_any>},
    {"aten._is_any_true.default", question<ops::reduce_any>},
    {"aten.var.default", variance},
    {"aten.var.dim", variance},
    {"aten.var.correction", variance},
    {"aten.std.default", deviation},
    {"aten.std.dim", deviation},
    {"aten.std.correction", deviation},
    {"aten.var_mean.default", variance_and_mean},
    {"aten.var_mean.dim", variance_and_mean},
    {"aten.var_mean.correction", variance_and_mean},
    {"aten.std_mean.default", deviation_and_mean},
    {"aten.std_mean.dim", deviation_and_mean},
    {"aten.std_mean.correction", deviation_and_mean},
    {"aten.linalg_vector_norm.default", linalg_vector_norm},
    {"aten.linalg_norm.default", linalg_norm},
    {"aten.norm.Scalar", norm},
    {"aten.norm.ScalarOpt_dim", norm},
    {"aten.norm.ScalarOpt_dim_dtype", norm},
    {"aten.frobenius_norm.dim", norm},
    {"aten.logsumexp.default", log_sum_exp},
    {"aten.cumsum.default", running<running_sum>},
    {"ipfs_accelerate.linear_scan.default", linear_scan},
    {"aten.cumprod.default", running<ops::cumprod>},
    {"aten.logcumsumexp.default", running<ops::log_cum_sum_exp>},
    {"aten.cummax.default", running_extreme<ops::cum_max>},
    {"aten.cummin.default", running_extreme<ops::cum_min>},
    {"aten.sort.default", sort},
    {"aten.sort.stable", sort},
    {"aten.argsort.default", argsort},
    {"aten.argsort.stable", argsort},
    {"aten.topk.default", top_k},
    {"aten.kthvalue.default", kth_value},
    {"aten.median.default", median},
    {"aten.median.dim", median},
    {"aten.histc.default", histogram},
    {"aten.diff.default", diff},
    {"aten.count_nonzero.default", count_nonzero},
    {"aten.count_nonzero.dim_IntList", count_nonzero},
    {"aten.mse_loss.default", mse_loss},
    {"aten.softmax.int", soft<ops::softmax>},
    {"aten._softmax.default", soft<ops::softmax>},
    {"aten.special_softmax.int", soft<ops::softmax>},
    {"aten._safe_softmax.default", safe_softmax},
    {"aten.log_softmax.int", soft<ops::log_softmax>},
    {"aten._log_softmax.default", soft<ops::log_softmax>},
    {"aten.special_log_softmax.int", soft<ops::log_softmax>},
};

}  // namespace

std::span<const Mapping> reduction_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
