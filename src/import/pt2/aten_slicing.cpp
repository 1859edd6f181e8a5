// Ops that take or replace parts of an axis, and padding.
#include <algorithm>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

constexpr int64_t kBeyond = int64_t{1} << 31;

/// Where a Python slice begins and ends on an axis of n: 0 <= begin <= end <= n. Whether a symbolic bound counts from
/// the back, or lies beyond the end, is what it did at capture: the program is guarded by that.
struct Bounds {
  Dim begin = 0;
  Dim end = 0;
  int64_t step = 1;
  Dim length() const { return ceildiv(end - begin, step); }
};

Dim bound(Call& c, const Dim& given, const Dim& n) {
  if (given == n) return n;
  if (const auto number = given.constant()) {
    if (*number >= kBeyond) return n;
    if (*number <= -kBeyond) return 0;
    if (const auto extent = n.constant())
      return std::clamp(*number < 0 ? *number + *extent : *number, int64_t{0}, *extent);
    if (*number >= 0) return given;
    const Dim at = n + *number;
    return c.conversion().hint(at).value_or(0) < 0 ? Dim(0) : at;
  }
  Dim at = given;
  if (c.conversion().hint(given).value_or(0) < 0) at = n + given;
  if (const auto behind = (at - n).constant(); behind && *behind > 0) return n;
  // A bound that the data tell may lie behind the end.
  return at.has_unbacked() ? min(at, n) : at;
}

/// length: what the program declares for the result, if it does.
Bounds bounds_of(Call& c, const Dim& n, const std::optional<Dim>& length) {
  Bounds out;
  out.step = c.integer("step", 1);
  if (out.step < 1) fail(ErrorCode::invalid_model, "a slice has the step {}; expected 1 or more", out.step);
  out.begin = bound(c, c.dim("start", Dim(0)), n);
  out.end = bound(c, c.dim("end", n), n);
  if (length && out.step == 1) {
    if (out.begin + *length != out.end) out.end = out.begin + *length;
    if (!out.begin.is_constant() && *length == Dim(0)) out.begin = out.end = 0;
    return out;
  }
  if (!out.end.is_constant() || !n.is_constant()) {
    const auto end_hint = c.conversion().hint(out.end);
    const auto n_hint = c.conversion().hint(n);
    if (end_hint && n_hint && *end_hint > *n_hint) out.end = n;
  }
  if (out.begin.is_constant() && out.end.is_constant()) out.end = max(out.begin, out.end);
  return out;
}

std::optional<Dim> declared_extent(Call& c, int64_t axis, size_t result = 0) {
  const auto shape = c.declared_shape(result);
  if (!shape || axis >= static_cast<int64_t>(shape->size())) return std::nullopt;
  return (*shape)[static_cast<size_t>(axis)];
}

Value cut(Value x, int64_t axis, const Bounds& b) {
  if (b.begin == Dim(0) && b.end == x.dim(static_cast<int>(axis)) && b.step == 1) return x;
  return ops::slice(x, axis, b.begin, b.end, b.step);
}

/// The positions that a slice takes along an axis, where its step depends on sizes: i64[length].
std::optional<Value> computed_positions(Call& c, const Value& x, int64_t axis) {
  const Dim step = c.dim("step", Dim(1));
  if (step.is_constant()) return std::nullopt;
  const Dim n = x.dim(static_cast<int>(axis));
  const Dim begin = bound(c, c.dim("start", Dim(0)), n);
  const Dim length = ceildiv(bound(c, c.dim("end", n), n) - begin, step);
  const Value steps = ops::mul(ops::iota(c.graph(), DType::i64, length), ops::dim_value(c.graph(), step));
  return ops::add(steps, ops::dim_value(c.graph(), begin));
}

Item slice(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank(), 0);
  if (const auto positions = computed_positions(c, x, axis)) return ops::gather(x, *positions, axis);
  return cut(x, axis, bounds_of(c, x.dim(static_cast<int>(axis)), declared_extent(c, axis)));
}

Item narrow(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank());
  const Dim n = x.dim(static_cast<int>(axis));
  const Dim begin = bound(c, c.dim("start"), n);
  return cut(x, axis, {begin, begin + c.dim("length"), 1});
}

Item select(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank());
  const Scalar index = c.scalar("index");
  if (index.value && !index.exact) return ops::gather(x, to_dtype(index.value, DType::i64), axis);
  const Dim n = x.dim(static_cast<int>(axis));
  const Dim given = c.dim("index");
  Dim at = given;
  if (c.conversion().hint(given).value_or(0) < 0) at = n + given;
  const Value part = ops::slice(x, axis, at, at + 1);
  Shape shape = part.shape();
  shape.erase(shape.begin() + axis);
  return ops::reshape(part, shape);
}

/// Parts of an axis one after another, one for each result that the program declares.
std::vector<Value> parts(Value x, int64_t axis, const Shape& sizes) {
  return sizes.size() == 1 ? std::vector<Value>{x} : ops::split(x, sizes, axis);
}

size_t num_results(const Call& c) {
  const auto& outputs = c.node().outputs;
  return outputs.size() == 1 && outputs[0].kind == Argument::Kind::list ? outputs[0].items.size() : outputs.size();
}

Item split_evenly(Call& c, const Dim& size) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank(), 0);
  const size_t count = num_results(c);
  if (count == 0) fail(ErrorCode::invalid_model, "a split has no result");
  Shape sizes(count, size);
  Dim rest = x.dim(static_cast<int>(axis));
  for (size_t i = 0; i < count; ++i) {
    sizes[i] = i + 1 < count ? declared_extent(c, axis, i).value_or(size) : rest;
    rest = rest - sizes[i];
  }
  return parts(x, axis, sizes);
}

Item split(Call& c) {
  return split_evenly(c, c.dim("split_size"));
}

Item chunk(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank(), 0);
  return split_evenly(c, ceildiv(x.dim(static_cast<int>(axis)), c.integer("chunks")));
}

Item split_with_sizes(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank(), 0);
  const Shape sizes = c.dims(c.given("split_sizes") ? "split_sizes" : "split_size");
  Dim sum = 0;
  for (const Dim& d : sizes) sum = sum + d;
  Shape shape = x.shape();
  if (!shape[static_cast<size_t>(axis)].is_constant()) shape[static_cast<size_t>(axis)] = sum;
  return parts(with_shape(x, shape), axis, sizes);
}

Item tensor_split(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank(), 0);
  const int64_t n = x.dim(static_cast<int>(axis)).as_constant("the axis of a tensor_split");
  Shape sizes;
  if (c.given("sections")) {
    const int64_t count = c.integer("sections");
    if (count < 1) fail(ErrorCode::invalid_model, "a split into {} parts", count);
    for (int64_t i = 0; i < count; ++i) sizes.emplace_back(n / count + (i < n % count ? 1 : 0));
    return parts(x, axis, sizes);
  }
  int64_t from = 0;
  for (const int64_t index : c.integers("indices")) {
    const int64_t to = std::clamp(index < 0 ? index + n : index, from, n);
    sizes.emplace_back(to - from);
    from = to;
  }
  sizes.emplace_back(n - from);
  return parts(x, axis, sizes);
}

Item unbind(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank(), 0);
  Shape shape = x.shape();
  const auto count = static_cast<int64_t>(num_results(c));
  Shape sizes(static_cast<size_t>(count), Dim(1));
  if (!shape[static_cast<size_t>(axis)].is_constant()) shape[static_cast<size_t>(axis)] = count;
  std::vector<Value> out = parts(with_shape(x, shape), axis, sizes);
  shape.erase(shape.begin() + axis);
  for (Value& v : out) v = ops::reshape(v, shape);
  return out;
}

/// x with positions begin, begin + step, ... of an axis replaced by src.
Value replaced(Call& c, Value x, Value src, int64_t axis, const Bounds& b) {
  const Dim n = x.dim(static_cast<int>(axis));
  Shape shape = x.shape();
  shape[static_cast<size_t>(axis)] = b.length();
  src = expand_to(to_dtype(src, x.dtype()), shape);
  if (b.step == 1) {
    if (b.begin == Dim(0) && b.end == n) return src;
    std::vector<Value> all;
    if (b.begin != Dim(0)) all.push_back(ops::slice(x, axis, 0, b.begin));
    all.push_back(src);
    if (b.end != n) all.push_back(ops::slice(x, axis, b.end, n));
    return ops::concat(all, axis);
  }
  const Value step = ops::full(c.graph(), DType::i64, {}, static_cast<double>(b.step));
  const Value at =
      ops::add(ops::mul(ops::iota(c.graph(), DType::i64, b.length()), step), ops::dim_value(c.graph(), b.begin));
  Shape along(shape.size(), Dim(1));
  along[static_cast<size_t>(axis)] = b.length();
  return ops::scatter_elements(x, ops::expand(ops::reshape(at, along), shape), src, axis);
}

Item slice_scatter(Call& c) {
  const Value x = c.tensor("self");
  const Value src = c.tensor("src");
  const int64_t axis = c.axis("dim", x.rank(), 0);
  if (const auto positions = computed_positions(c, x, axis)) {
    Shape shape(static_cast<size_t>(x.rank()), Dim(1));
    shape[static_cast<size_t>(axis)] = positions->dim(0);
    const Value at = ops::reshape(*positions, shape);
    shape = x.shape();
    shape[static_cast<size_t>(axis)] = positions->dim(0);
    return ops::scatter_elements(x, ops::expand(at, shape), expand_to(to_dtype(src, x.dtype()), shape), axis);
  }
  std::optional<Dim> length;
  if (src.rank() == x.rank()) length = src.dim(static_cast<int>(axis));
  if (length == Dim(1)) length.reset();
  return replaced(c, x, src, axis, bounds_of(c, x.dim(static_cast<int>(axis)), length));
}

Item select_scatter(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank());
  const Dim n = x.dim(static_cast<int>(axis));
  const Value src = ops::unsqueeze(c.tensor("src"), axis);
  const Scalar index = c.scalar("index");
  if (index.value && !index.exact) {
    const Value at = ops::reshape(to_dtype(index.value, DType::i64), Shape(static_cast<size_t>(x.rank()), Dim(1)));
    Shape shape = x.shape();
    shape[static_cast<size_t>(axis)] = 1;
    return ops::scatter_elements(x, ops::expand(at, shape), expand_to(to_dtype(src, x.dtype()), shape), axis);
  }
  const Dim given = c.dim("index");
  const Dim at = c.conversion().hint(given).value_or(0) < 0 ? n + given : given;
  return replaced(c, x, src, axis, {at, at + 1, 1});
}

/// Padding as PyTorch lists it: pairs from the last axis backwards. Negative numbers cut.
Value padded(Call& c, Value x, const Shape& pad, const std::string& mode, const Scalar& value) {
  if (pad.size() % 2 != 0 || pad.size() / 2 > x.shape().size())
    fail(ErrorCode::invalid_model, "padding {} of {}", to_string(pad), x.type().to_string());
  const auto rank = static_cast<size_t>(x.rank());
  Shape begin(rank, Dim(0));
  Shape end(rank, Dim(0));
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    const size_t axis = rank - 1 - i;
    begin[axis] = pad[2 * i];
    end[axis] = pad[2 * i + 1];
    Bounds keep{0, x.dim(static_cast<int>(axis)), 1};
    const auto negative = [&](const Dim& d) { return c.conversion().hint(d).value_or(0) < 0; };
    if (negative(begin[axis])) {
      keep.begin = Dim(-1) * begin[axis];
      begin[axis] = 0;
    }
    if (negative(end[axis])) {
      keep.end = keep.end + end[axis];
      end[axis] = 0;
    }
    x = cut(x, static_cast<int64_t>(axis), keep);
  }
  const Shape none(rank, Dim(0));
  if (begin == none && end == none) return x;
  const auto number = value.constant();
  if (!number) c.refuse("the value of a padding is not known before the program runs");
  return ops::pad(x, begin, end, mode, *number);
}

Item pad(Call& c) {
  const Value x = c.tensor("self");
  const Scalar value = c.given("value") ? c.scalar("value") : Scalar::of(Ratio(Dim(0)));
  return padded(c, x, c.dims("pad"), c.string("mode", "constant"), value);
}

Item pad_mode(Call& c, const std::string& mode) {
  return padded(c, c.tensor("self"), c.dims(c.given("padding") ? "padding" : "pad"), mode, Scalar::of(Ratio(Dim(0))));
}

Item reflect(Call& c) {
  return pad_mode(c, "reflect");
}
Item replicate(Call& c) {
  return pad_mode(c, "replicate");
}
Item circular(Call& c) {
  return pad_mode(c, "circular");
}

constexpr auto kParts = Mapping::Complex::each_part;

constexpr Mapping kMappings[] = {
    {"aten.slice.Tensor", slice, kParts},
    {"aten.slice_copy.Tensor", slice, kParts},
    {"aten.narrow.default", narrow, kParts},
    {"aten.select.int", select, kParts},
    {"aten.select_copy.int", select, kParts},
    {"aten.split.Tensor", split},
    {"aten.split_copy.Tensor", split},
    {"aten.split.sizes", split_with_sizes},
    {"aten.split_with_sizes.default", split_with_sizes},
    {"aten.split_with_sizes_copy.default", split_with_sizes},
    {"aten.chunk.default", chunk},
    {"aten.unsafe_chunk.default", chunk},
    {"aten.unsafe_split.Tensor", split},
    {"aten.tensor_split.sections", tensor_split},
    {"aten.tensor_split.indices", tensor_split},
    {"aten.unbind.int", unbind},
    {"aten.unbind_copy.int", unbind},
    {"aten.slice_scatter.default", slice_scatter},
    {"aten.select_scatter.default", select_scatter},
    {"aten.pad.default", pad},
    {"aten.constant_pad_nd.default", pad},
    {"aten.reflection_pad1d.default", reflect},
    {"aten.reflection_pad2d.default", reflect},
    {"aten.reflection_pad3d.default", reflect},
    {"aten.replication_pad1d.default", replicate},
    {"aten.replication_pad2d.default", replicate},
    {"aten.replication_pad3d.default", replicate},
    {"aten._pad_circular.default", circular},
};

}  // namespace

std::span<const Mapping> slicing_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
